#include "telemetry/metrics.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

namespace proa::telemetry {
namespace {

double value_of(const MetricPage& page, std::string_view name) {
  for (const auto& family : page.families()) {
    if (family.metric.name == name && !family.samples.empty()) {
      return std::get<double>(family.samples.front().value);
    }
  }
  ADD_FAILURE() << name << " has no value";
  return 0;
}

MetricPage described() {
  MetricPage page;
  describe_process(page);
  return page;
}

TEST(ProcessMetrics, OpenDescriptorsAreCounted) {
  const double before = value_of(described(), "process_open_fds");
  const int one = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(value_of(described(), "process_open_fds"), before + 1);
  ::close(one);
  EXPECT_EQ(value_of(described(), "process_open_fds"), before);
  EXPECT_GE(value_of(described(), "process_max_fds"), before);
}

TEST(ProcessMetrics, ThisProcessUsesMemoryAndTimeAndStartedLately) {
  const MetricPage page = described();
  EXPECT_GT(value_of(page, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(value_of(page, "process_virtual_memory_bytes"),
            value_of(page, "process_resident_memory_bytes"));
  EXPECT_GE(value_of(page, "process_cpu_seconds_total"), 0);
  EXPECT_GE(value_of(page, "process_threads"), 1);
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const double started = value_of(page, "process_start_time_seconds");
  EXPECT_LE(started, now + 60);
  EXPECT_GT(started, now - 24 * 3600);
}

}  // namespace
}  // namespace proa::telemetry
