// Which trace a call belongs to. Private to api/.
#pragma once

#include "api/operations.h"

#include <string>

namespace proa::api {

/// The caller's trace, or a new one: Root=1-EPOCH-RANDOM;Parent=RANDOM;Sampled=0. One that is
/// recorded begins with the call itself: it names no parent.
std::string trace_id_of(Context& context, const http::Request& request);

}  // namespace proa::api
