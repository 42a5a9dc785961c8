// What `proa serve` tells the service manager that started it (sd_notify(3)).
#pragma once

#include "base/result.h"

#include <string_view>

namespace proa::apps {

/// Sends `state` ("READY=1") to the socket that NOTIFY_SOCKET names; nothing without the variable.
/// Errc: invalid (the variable names no socket), os.
Result<void> tell_service_manager(std::string_view state);

}  // namespace proa::apps
