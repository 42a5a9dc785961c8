// What init and calls measure and wait alike. Private to environment/.
#pragma once

#include "base/clock.h"

#include <chrono>

namespace proa::environment {

/// How long an end of the runtime's process that has been told may take to be seen; proa-init tells
/// of a failed exec at once.
inline constexpr auto kExitLimit = std::chrono::seconds(1);

inline std::chrono::microseconds time_between(SteadyTime begin, SteadyTime end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - begin);
}

}  // namespace proa::environment
