// Types that carry their unit. Raw numbers exist only at borders (JSON, SQL, flags, sysfs), where
// the unit is the suffix of the name: timeout_ms, memory_mib.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace proa {

/// A size in bytes.
class Bytes {
 public:
  constexpr Bytes() = default;
  constexpr explicit Bytes(std::uint64_t count) : count_(count) {}
  static constexpr Bytes mib(std::uint64_t count) { return Bytes(count << 20U); }
  static constexpr Bytes kib(std::uint64_t count) { return Bytes(count << 10U); }

  constexpr std::uint64_t count() const { return count_; }
  /// Whole mebibytes, rounded up: Lambda reports memory so.
  constexpr std::uint64_t mib_ceil() const { return (count_ + (1U << 20U) - 1) >> 20U; }
  constexpr auto operator<=>(const Bytes&) const = default;

 private:
  std::uint64_t count_ = 0;
};

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Milliseconds since 1970-01-01 UTC: what Lambda-Runtime-Deadline-Ms and LastModified need.
inline std::int64_t epoch_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace proa
