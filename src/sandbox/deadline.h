// Deadlines of what a sandbox waits for. Private to sandbox/.
#pragma once

#include "base/clock.h"

#include <chrono>

namespace proa::sandbox {

inline SteadyTime deadline_after(std::chrono::steady_clock::duration time) {
  return std::chrono::steady_clock::now() + time;
}

}  // namespace proa::sandbox
