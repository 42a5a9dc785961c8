// Demand: how many of something were lately wanted at once. What is kept ready follows it.
#pragma once

#include "base/units.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace proa {

/// Follows arrivals by two decayed numbers: those of about the last second, and the highest value
/// that number had, which fades with a time constant of five minutes. So a burst is remembered at
/// its size, a steady stream counts as what comes within a second, and both are forgotten. Belongs
/// to one thread; the caller brings the time, which never goes back.
class Demand {
 public:
  /// One more was wanted.
  void note(SteadyTime now) {
    recent_ = recent_ * fade(now - recent_at_, kRecent) + 1;
    recent_at_ = now;
    peak_ = std::max(peak(now), recent_);
    peak_at_ = now;
  }
  /// How many may be wanted at once, by what was wanted lately.
  std::size_t expected(SteadyTime now) const {
    return static_cast<std::size_t>(std::lround(peak(now)));
  }

 private:
  static constexpr std::chrono::seconds kRecent{1};
  static constexpr std::chrono::seconds kPeak{300};

  static double fade(SteadyTime::duration time, std::chrono::seconds constant) {
    return std::exp(-std::chrono::duration<double>(time) / std::chrono::duration<double>(constant));
  }
  double peak(SteadyTime now) const { return peak_ * fade(now - peak_at_, kPeak); }

  double recent_ = 0;
  double peak_ = 0;
  SteadyTime recent_at_;
  SteadyTime peak_at_;
};

}  // namespace proa
