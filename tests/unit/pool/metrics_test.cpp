#include "pool/metrics.h"

#include "support/metric_values.h"

namespace proa::pool {
namespace {

using telemetry::series;

TEST(PoolMetrics, ThePoolsOfAllShardsAddUp) {
  PoolCounts one;
  one.idle = 1;
  one.leased = 2;
  one.parked = 3;
  one.parked_by_runtime = {{"python3.11", 2}, {"nodejs20.x", 1}};
  one.history.started_for_calls = 4;
  PoolCounts other;
  other.idle = 10;
  other.parked = 1;
  other.parked_by_runtime = {{"python3.11", 1}};
  other.history.failed_ahead = 2;
  other.history.ended = 5;
  one += other;
  telemetry::MetricPage page;
  describe(one, 64, page);
  EXPECT_EQ(series(page, "proa_environments{state=\"idle\"}"), 11);
  EXPECT_EQ(series(page, "proa_environments{state=\"running\"}"), 2);
  EXPECT_EQ(series(page, "proa_environments{state=\"parked\"}"), 4);
  EXPECT_EQ(series(page, "proa_environments_parked{runtime=\"python3.11\"}"), 3);
  EXPECT_EQ(series(page, "proa_environments_parked{runtime=\"nodejs20.x\"}"), 1);
  EXPECT_EQ(series(page, "proa_environments_limit"), 64);
  EXPECT_EQ(series(page, "proa_environment_starts_total{for=\"call\"}"), 4);
  EXPECT_EQ(series(page, "proa_environment_start_failures_total{for=\"parking\"}"), 2);
  EXPECT_EQ(series(page, "proa_environment_ends_total"), 5);
}

}  // namespace
}  // namespace proa::pool
