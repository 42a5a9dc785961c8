#include "telemetry/metrics.h"

#include <gtest/gtest.h>

namespace proa::telemetry {
namespace {

constexpr Metric kCalls{"proa_calls_total", MetricType::counter, "Calls."};
constexpr Metric kRunning{"proa_running", MetricType::gauge, "Running now."};
constexpr Metric kTimes{"proa_time_seconds", MetricType::histogram, "Times."};
constexpr auto kBounds = std::to_array<std::int64_t>({1'000, 2'500'000});

TEST(Metrics, APageIsPrometheusTextInTheOrderOfItsMetrics) {
  MetricPage page;
  page.declare(kRunning);
  page.add(kCalls, 3, {{"function", "f"}, {"kind", "a"}});
  page.add(kCalls, 12345678901, {{"function", "g"}, {"kind", "b"}});
  EXPECT_EQ(metrics_text(page),
            "# HELP proa_running Running now.\n"
            "# TYPE proa_running gauge\n"
            "# HELP proa_calls_total Calls.\n"
            "# TYPE proa_calls_total counter\n"
            "proa_calls_total{function=\"f\",kind=\"a\"} 3\n"
            "proa_calls_total{function=\"g\",kind=\"b\"} 12345678901\n");
}

TEST(Metrics, LabelValuesAreEscaped) {
  MetricPage page;
  page.add(kRunning, 1, {{"name", "a\"b\\c\nd"}});
  EXPECT_NE(metrics_text(page).find("proa_running{name=\"a\\\"b\\\\c\\nd\"} 1\n"),
            std::string::npos)
      << metrics_text(page);
}

TEST(Metrics, AHistogramIsCumulativeInSecondsAndBoundsBelongToTheirBucket) {
  Durations<kBounds> times;
  times.note(std::chrono::microseconds(1'000));
  times.note(std::chrono::microseconds(1'001));
  times.note(std::chrono::microseconds(-5));  // a clock that was set back
  times.note(std::chrono::seconds(3));
  MetricPage page;
  page.add(kTimes, times, {{"start", "warm"}});
  EXPECT_EQ(metrics_text(page),
            "# HELP proa_time_seconds Times.\n"
            "# TYPE proa_time_seconds histogram\n"
            "proa_time_seconds_count{start=\"warm\"} 4\n"
            "proa_time_seconds_sum{start=\"warm\"} 3.002001\n"
            "proa_time_seconds_bucket{start=\"warm\",le=\"0.001\"} 2\n"
            "proa_time_seconds_bucket{start=\"warm\",le=\"2.5\"} 3\n"
            "proa_time_seconds_bucket{start=\"warm\",le=\"+Inf\"} 4\n");
}

TEST(Metrics, HistogramsOfShardsAddUp) {
  Durations<kBounds> one, other;
  one.note(std::chrono::microseconds(10));
  other.note(std::chrono::microseconds(20));
  other.note(std::chrono::hours(1));
  one += other;
  EXPECT_EQ(one.counts, (std::array<std::uint64_t, 3>{2, 0, 1}));
  EXPECT_EQ(one.sum_us, 3'600'000'030U);
}

TEST(Metrics, MoreLabelsLeaveTheFirstOnesAlone) {
  const Labels labels{{"a", "1"}};
  EXPECT_EQ(labels.with("b", "2").pairs().size(), 2U);
  EXPECT_EQ(labels.pairs().size(), 1U);
}

}  // namespace
}  // namespace proa::telemetry
