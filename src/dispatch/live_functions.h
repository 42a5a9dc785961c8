// Calls of each function at this moment, for whoever watches. Private to dispatch/.
#pragma once

#include "dispatch/call_counters.h"
#include "model/function.h"
#include "model/live.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proa::dispatch {

/// Calls that wait, by the function they are for.
using Waits = std::vector<std::pair<model::FunctionPtr, std::size_t>>;

/// What a shard has counted, and what waits on it, one row a function; with an account its own.
std::vector<model::FunctionView> live_functions(const CallCounts& counts, const Waits& waits,
                                                const std::optional<std::string>& account_id);

}  // namespace proa::dispatch
