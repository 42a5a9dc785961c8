#include "launcher/cgroup/cgroup_limits.h"

#include <gtest/gtest.h>

namespace proa::launcher {
namespace {

using std::chrono::microseconds;

TEST(CpuShares, FollowMemoryAndStayWithinWhatTheKernelTakes) {
  EXPECT_EQ(CpuShares::for_memory(kMibPerVcpu).count(), 1024);
  EXPECT_EQ(CpuShares::for_memory(128).count(), 74);
  EXPECT_EQ(CpuShares::for_memory(10'240).count(), 5927);
  EXPECT_EQ(CpuShares::for_memory(0).count(), 2);
  EXPECT_EQ(CpuShares::for_memory(65'536).count(), 10'000);
}

TEST(CpuQuota, GivesOneProcessorFor1769MebibytesEvery20Milliseconds) {
  EXPECT_EQ(CpuQuota::for_memory(kMibPerVcpu).time, microseconds(20'000));
  EXPECT_EQ(CpuQuota::for_memory(kMibPerVcpu).period, microseconds(20'000));
  EXPECT_EQ(CpuQuota::for_memory(128).time, microseconds(1447));
  EXPECT_EQ(CpuQuota::for_memory(10'240).time, microseconds(115'771));
}

TEST(CpuQuota, StretchesThePeriodWhereTheQuotaWouldBeBelowTheKernelsLeast) {
  for (const std::uint32_t memory_mib : {0U, 1U, 2U, 16U, 64U, 88U, 89U, 128U}) {
    const CpuQuota quota = CpuQuota::for_memory(memory_mib);
    EXPECT_GE(quota.time, microseconds(1000)) << memory_mib;
    EXPECT_GE(quota.period, microseconds(20'000)) << memory_mib;
    EXPECT_LE(quota.period, microseconds(1'000'000)) << memory_mib;
  }
  const CpuQuota quota = CpuQuota::for_memory(64);
  EXPECT_NEAR(static_cast<double>(quota.time.count()) / static_cast<double>(quota.period.count()),
              64.0 / kMibPerVcpu, 0.001);
}

TEST(CgroupLimits, HaveAQuotaOnlyWhenThePolicySaysSo) {
  const auto shared = CgroupLimits::for_function(Bytes::mib(192), 1024, 128, CpuPolicy::weight);
  EXPECT_FALSE(shared.cpu_quota);
  EXPECT_EQ(shared.memory, Bytes::mib(192));
  EXPECT_EQ(shared.cpu_shares.count(), 74);
  EXPECT_TRUE(CgroupLimits::for_function(Bytes::mib(192), 1024, 128, CpuPolicy::quota).cpu_quota);
}

TEST(CpuPolicy, RefusesOtherWordsByName) {
  EXPECT_EQ(parse_cpu_policy("weight").value(), CpuPolicy::weight);
  EXPECT_EQ(parse_cpu_policy("quota").value(), CpuPolicy::quota);
  const auto refused = parse_cpu_policy("turbo");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_NE(refused.error().message().find("turbo"), std::string::npos);
}

}  // namespace
}  // namespace proa::launcher
