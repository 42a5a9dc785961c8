#include "launcher/cgroup/cgroup_limits.h"

#include <algorithm>

namespace proa::launcher {

Result<CpuPolicy> parse_cpu_policy(std::string_view text) {
  if (text == "weight") return CpuPolicy::weight;
  if (text == "quota") return CpuPolicy::quota;
  return Error(Errc::invalid,
               "cpu policy '" + std::string(text) + "' is neither 'weight' nor 'quota'");
}

CpuShares CpuShares::for_memory(std::uint32_t memory_mib) {
  const std::uint64_t shares = std::uint64_t{memory_mib} * 1024 / kMibPerVcpu;
  return CpuShares(static_cast<std::uint32_t>(std::clamp<std::uint64_t>(shares, 2, 10'000)));
}

CpuQuota CpuQuota::for_memory(std::uint32_t memory_mib) {
  constexpr std::uint64_t kPeriodUs = 20'000;
  constexpr std::uint64_t kPeriodMaxUs = 1'000'000;  // the kernel's bounds of cpu.max
  constexpr std::uint64_t kQuotaMinUs = 1'000;
  const std::uint64_t memory = std::max<std::uint64_t>(memory_mib, 1);
  const std::uint64_t longest = std::min(kQuotaMinUs * kMibPerVcpu / memory, kPeriodMaxUs);
  const std::uint64_t period = std::max(kPeriodUs, longest);
  const std::uint64_t quota = std::max(period * memory / kMibPerVcpu, kQuotaMinUs);
  return {std::chrono::microseconds(quota), std::chrono::microseconds(period)};
}

CgroupLimits CgroupLimits::for_function(Bytes memory, std::uint32_t pids, std::uint32_t memory_mib,
                                        CpuPolicy policy) {
  CgroupLimits limits;
  limits.memory = memory;
  limits.pids = pids;
  limits.cpu_shares = CpuShares::for_memory(memory_mib);
  if (policy == CpuPolicy::quota) limits.cpu_quota = CpuQuota::for_memory(memory_mib);
  return limits;
}

}  // namespace proa::launcher
