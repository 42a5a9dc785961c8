// A clock that only the test moves.
#pragma once

#include "base/clock.h"

namespace proa {

/// Steady time begins at the real one, so that deadlines counted from it lie in the future for the
/// timers of an io_context, which cannot be driven by hand.
class ManualClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return steady_ += ticks; }
  WallTime wall_now() const override { return wall_; }
  void advance(std::chrono::steady_clock::duration time) {
    steady_ += time;
    wall_ += std::chrono::duration_cast<WallTime::duration>(time);
  }

  /// How far each look at the clock moves it, where durations must not be 0.
  std::chrono::steady_clock::duration ticks{0};

 private:
  mutable SteadyTime steady_ = std::chrono::steady_clock::now();
  WallTime wall_{std::chrono::milliseconds(1735689600000)};  // 2025-01-01
};

}  // namespace proa
