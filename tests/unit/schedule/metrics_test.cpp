#include "schedule/metrics.h"

#include <gtest/gtest.h>

namespace proa::schedule {
namespace {

TEST(ScheduleMetrics, EveryCountIsOnThePage) {
  telemetry::MetricPage page;
  describe({5, 3, 40, 2, 1}, page);
  const std::string text = telemetry::metrics_text(page);
  for (const char* line :
       {"proa_schedules{state=\"enabled\"} 3", "proa_schedules{state=\"disabled\"} 2",
        "proa_schedule_runs_total 40", "proa_schedule_failed_runs_total 2",
        "proa_schedule_missed_runs_total 1"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace proa::schedule
