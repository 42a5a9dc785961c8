// The clock as a parameter, so that tests drive time by hand.
#pragma once

#include "base/units.h"

namespace proa {

/// Tells the time. Thread-safe; outlives everything that holds a reference to it.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic time, for durations and deadlines.
  virtual SteadyTime steady_now() const = 0;
  /// Wall time, for what users see.
  virtual WallTime wall_now() const = 0;
};

/// The kernel's clocks.
class SystemClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override { return std::chrono::system_clock::now(); }
};

}  // namespace proa
