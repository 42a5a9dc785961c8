// What an environment may use, as values: memory, processes, processor share and quota.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proa::launcher {

/// Memory that Lambda gives one whole virtual processor (AWS Lambda developer guide, "Memory").
inline constexpr std::uint32_t kMibPerVcpu = 1769;

/// How the processor is divided: `weight` shares what is there in proportion to memory and lets an
/// environment use what others leave; `quota` caps it as Lambda does.
enum class CpuPolicy { weight, quota };

/// Reads the value of --cpu-policy. Errc: invalid.
Result<CpuPolicy> parse_cpu_policy(std::string_view text);

/// A share of the processors relative to other environments: 1024 is the share of one virtual
/// processor. The same number is written to cpu.shares and to cpu.weight: only the relation among
/// environments matters, for they are alone in their parent.
class CpuShares {
 public:
  /// In proportion to memory; within 2 and 10,000, what both kernel files take.
  static CpuShares for_memory(std::uint32_t memory_mib);
  std::uint32_t count() const { return count_; }

 private:
  explicit CpuShares(std::uint32_t count) : count_(count) {}
  std::uint32_t count_;
};

/// Processor time within each period.
struct CpuQuota {
  std::chrono::microseconds time{0};
  std::chrono::microseconds period{0};

  /// 1,769 MB is one processor. The period is 20 ms, as Lambda's, or longer where the quota would
  /// be below the kernel's least of 1 ms.
  static CpuQuota for_memory(std::uint32_t memory_mib);
};

/// Limits of one environment.
struct CgroupLimits {
  Bytes memory;            ///< rounded down to whole pages
  std::uint32_t pids = 1;  ///< processes and threads
  CpuShares cpu_shares = CpuShares::for_memory(128);
  std::optional<CpuQuota> cpu_quota;  ///< none: may use what others leave

  /// Limits of a function of `memory_mib` whose environment may use `memory` bytes in all.
  static CgroupLimits for_function(Bytes memory, std::uint32_t pids, std::uint32_t memory_mib,
                                   CpuPolicy policy);
};

/// Whether one limit holds on this host; for `proa status`.
struct LimitReport {
  std::string limit;  ///< "memory", "swap", "cpu_weight", "cpu_quota", "pids", "processors"
  bool is_enforced = false;
  std::string reason;  ///< the file that enforces it, or why nothing does
};

}  // namespace proa::launcher
