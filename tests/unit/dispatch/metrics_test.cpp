#include "dispatch/metrics.h"

#include "support/metric_values.h"

namespace proa::dispatch {
namespace {

using telemetry::MetricPage;
using telemetry::series;

constexpr const char* kF = "{account=\"1\",region=\"r\",function=\"f\",version=\"$LATEST\"";

CountedFunction counted_version(const std::string& name, const std::string& version) {
  CountedFunction one;
  one.account_id = "1";
  one.region = "r";
  one.name = name;
  one.version = version;
  one.counts.starts[0] = 5;
  one.counts.failures[static_cast<std::size_t>(model::FailureKind::exit)] = 1;
  one.counts.throttles = {1, 2, 3};
  one.counts.durations.note(std::chrono::microseconds(600));
  one.running = 4;
  one.running_in_account = 9;
  return one;
}

TEST(DispatchMetrics, ShardsAddUpByFunctionVersion) {
  std::vector<CallCounts> shards(2);
  shards[0].functions = {counted_version("g", "$LATEST"), counted_version("f", "1"),
                         counted_version("f", "$LATEST")};
  shards[1].functions = {counted_version("f", "$LATEST")};
  shards[1].functions[0].counts.refusals[static_cast<std::size_t>(Errc::exhausted)] = 2;
  shards[1].overheads[0].note(std::chrono::microseconds(100));
  MetricPage page;
  describe(shards, 1000, page);
  const std::string f = kF;
  EXPECT_EQ(series(page, "proa_function_invocations_total" + f + ",start=\"warm\"}"), 10);
  EXPECT_EQ(series(page, "proa_function_invocations_total" + f + ",start=\"cold\"}"), 0);
  EXPECT_EQ(series(page, "proa_function_errors_total" + f + ",kind=\"exit\"}"), 2);
  EXPECT_EQ(series(page, "proa_function_errors_total" + f + ",kind=\"timeout\"}"), 0);
  EXPECT_EQ(series(page, "proa_function_throttles_total" + f +
                             ",reason=\"ReservedFunctionConcurrentInvocationLimitExceeded\","
                             "limit=\"function\"}"),
            2);
  EXPECT_EQ(series(page, "proa_function_throttles_total" + f +
                             ",reason=\"ConcurrentInvocationLimitExceeded\",limit=\"host\"}"),
            6);
  EXPECT_EQ(series(page, "proa_function_refusals_total" + f + ",error=\"exhausted\"}"), 2);
  EXPECT_EQ(series(page, "proa_function_refusals_total" + f + ",error=\"os\"}"), -1);
  EXPECT_EQ(series(page, "proa_function_duration_seconds_count" + f + "}"), 2);
  EXPECT_EQ(series(page, "proa_function_duration_seconds_bucket" + f + ",le=\"0.0005\"}"), 0);
  EXPECT_EQ(series(page, "proa_function_duration_seconds_bucket" + f + ",le=\"0.001\"}"), 2);
  EXPECT_EQ(series(page,
                   "proa_function_invocations_total{account=\"1\",region=\"r\",function="
                   "\"f\",version=\"1\",start=\"warm\"}"),
            5);
  EXPECT_EQ(series(page, "proa_invocation_overhead_seconds_count{start=\"warm\"}"), 1);
  EXPECT_EQ(series(page, "proa_account_concurrency_limit"), 1000);
}

TEST(DispatchMetrics, CallsThatRunAreToldOnceThoughManyShardsAndVersionsKnowThem) {
  std::vector<CallCounts> shards(2);
  shards[0].functions = {counted_version("f", "1"), counted_version("f", "$LATEST"),
                         counted_version("g", "1")};
  shards[1].functions = shards[0].functions;
  MetricPage page;
  describe(shards, 10, page);
  std::size_t running = 0, unreserved = 0;
  for (const auto& family : page.families()) {
    if (family.metric.name == metrics::kRunning.name) running = family.samples.size();
    if (family.metric.name == metrics::kUnreserved.name) unreserved = family.samples.size();
  }
  EXPECT_EQ(running, 2U);
  EXPECT_EQ(unreserved, 1U);
  EXPECT_EQ(series(page,
                   "proa_function_concurrent_executions{account=\"1\",region=\"r\","
                   "function=\"f\"}"),
            4);
  EXPECT_EQ(
      series(page, "proa_account_unreserved_concurrent_executions{account=\"1\",region=\"r\"}"), 9);
}

TEST(DispatchMetrics, EventsTellTheirCountsOrThatTheQueueCannotBeUsed) {
  EventCounts counts;
  counts.waiting = 3;
  counts.delay = std::chrono::milliseconds(1'500);
  counts.dead_letter_bytes = 42;
  MetricPage page;
  describe(Result<EventCounts>(counts), page);
  EXPECT_EQ(series(page, "proa_events_available"), 1);
  EXPECT_EQ(series(page, "proa_events_waiting"), 3);
  EXPECT_EQ(series(page, "proa_events_delay_seconds"), 1.5);
  EXPECT_EQ(series(page, "proa_dead_letter_bytes"), 42);
  MetricPage broken;
  describe(Result<EventCounts>(Error(Errc::unavailable, "corrupt")), broken);
  EXPECT_EQ(series(broken, "proa_events_available"), 0);
  EXPECT_EQ(series(broken, "proa_events_waiting"), -1) << "0 would be a lie";
}

}  // namespace
}  // namespace proa::dispatch
