// Deadlines of what a sandbox waits for. Private to sandbox/.
#pragma once

#include "base/clock.h"

#include <chrono>

namespace proa::sandbox {

/// Of a kill of everything inside, which the kernel does in milliseconds.
inline constexpr auto kKillLimit = std::chrono::seconds(10);

inline SteadyTime deadline_after(std::chrono::steady_clock::duration time) {
  return std::chrono::steady_clock::now() + time;
}

}  // namespace proa::sandbox
