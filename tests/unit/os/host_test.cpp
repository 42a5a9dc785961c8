#include "os/host.h"

#include "os/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

namespace proa::os {
namespace {

TEST(Host, MemoryIsReadFromTheKernelsText) {
  const auto memory = parse_meminfo(
      "MemTotal:       24683000 kB\nMemFree:          100 kB\nMemAvailable:   2048 kB\n");
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory.value().total, Bytes::kib(24683000));
  EXPECT_EQ(memory.value().available, Bytes::mib(2));
  EXPECT_FALSE(parse_meminfo("MemTotal: 1 kB\n"));
  EXPECT_FALSE(parse_meminfo("MemTotal: x\nMemAvailable:\n"));
}

TEST(Host, ThisHostHasMemoryLeft) {
  const auto memory = host_memory();
  ASSERT_TRUE(memory);
  EXPECT_GT(memory.value().available, Bytes::mib(1));
  EXPECT_LE(memory.value().available, memory.value().total);
}

TEST(Host, AnOpenDescriptorIsOneLessLeft) {
  const auto before = descriptors_left();
  ASSERT_TRUE(before);
  std::vector<UniqueFd> held;
  for (int i = 0; i < 5; ++i) held.push_back(std::move(open_file("/dev/null", O_RDONLY).value()));
  const auto now = descriptors_left();
  ASSERT_TRUE(now);
  EXPECT_EQ(before.value() - now.value(), 5U);
}

TEST(Host, TheSoftLimitOnDescriptorsRisesToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit lower = before;
  lower.rlim_cur = std::min<rlim_t>(before.rlim_max, 256);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  const auto raised = raise_descriptor_limit();
  ASSERT_TRUE(raised);
  EXPECT_EQ(raised.value(), before.rlim_max);
}

}  // namespace
}  // namespace proa::os
