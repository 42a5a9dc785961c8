// The most memory that an environment has used, without asking the kernel after every call.
#pragma once

#include "base/clock.h"
#include "base/units.h"
#include "sandbox/sandbox.h"

#include <chrono>

namespace proa::environment {

/// What a call's report says of memory. The kernel makes its answer a text, which takes as long as
/// a twentieth of a short call, and a processor needs a millisecond to fill a few MiB of new pages:
/// so what was read serves until calls ran for a millisecond in all.
class MemoryPeak {
 public:
  /// How long calls may have run since the last reading...
  static constexpr std::chrono::microseconds kRunMax{1'000};
  /// ...and how old it may be: threads of the function run between calls, too.
  static constexpr std::chrono::milliseconds kAgeMax{10};

  /// At `now`, the end of a call that took `ran`. Zero where the kernel does not count it.
  Bytes after_call(const sandbox::Sandbox& sandbox, SteadyTime now, std::chrono::microseconds ran);

 private:
  Bytes peak_;
  std::chrono::microseconds ran_ = kRunMax;  ///< since it was read; nothing was yet
  SteadyTime read_at_;
};

}  // namespace proa::environment
