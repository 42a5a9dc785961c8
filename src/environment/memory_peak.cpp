#include "environment/memory_peak.h"

namespace proa::environment {

Bytes MemoryPeak::after_call(const sandbox::Sandbox& sandbox, SteadyTime now,
                             std::chrono::microseconds ran) {
  ran_ += ran;
  if (ran_ < kRunMax && now - read_at_ < kAgeMax) return peak_;
  peak_ = sandbox.memory_peak().value_or(Bytes());
  ran_ = {};
  read_at_ = now;
  return peak_;
}

}  // namespace proa::environment
