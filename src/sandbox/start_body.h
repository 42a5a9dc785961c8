// What proa-init is told to start, and says of its end, in a container as in a guest. Private to
// sandbox/.
#pragma once

#include "sandbox/sandbox.h"

#include <optional>
#include <string>
#include <string_view>

namespace proa::sandbox {

/// Descriptors that a runtime process has: the standard three and the two of its link.
inline constexpr std::uint16_t kRuntimeDescriptors = 5;

/// The body of the frame `start` for `command`, as the function's user. Errc: too_large (arguments
/// and variables exceed 256 KiB).
Result<std::string> start_body(const RuntimeCommand& command);

/// What the body of a frame `exited` says; nothing: it is malformed.
std::optional<RuntimeExit> exit_of(std::string_view body);

}  // namespace proa::sandbox
