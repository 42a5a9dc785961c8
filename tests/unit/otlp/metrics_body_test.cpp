#include "otlp/otlp.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::otlp {
namespace {

namespace json = boost::json;
using telemetry::Metric;
using telemetry::MetricType;

constexpr Metric kCalls{"proa_calls_total", MetricType::counter, "Calls."};
constexpr Metric kBytes{"proa_dead_letter_bytes", MetricType::gauge, "Bytes."};
constexpr Metric kTimes{"proa_time_seconds", MetricType::histogram, "Times."};
constexpr Metric kNothing{"proa_nothing", MetricType::gauge, "Nothing."};
constexpr auto kBounds = std::to_array<std::int64_t>({1'000, 2'500'000});

Identity identity() {
  Identity of;
  of.version = "1.2.3";
  of.instance_id = "an-id";
  of.host_name = "a-host";
  of.started = WallTime(std::chrono::seconds(10));
  return of;
}

TEST(MetricsBody, IsWhatOtlpCallsMetrics) {
  telemetry::MetricPage page;
  page.add(kCalls, 3, {{"kind", "a"}});
  page.add(kBytes, 4);
  telemetry::Durations<kBounds> times;
  times.note(std::chrono::milliseconds(1));
  times.note(std::chrono::seconds(9));
  page.add(kTimes, times);
  page.declare(kNothing);
  const auto body = json::parse(metrics_body(page, identity(), WallTime(std::chrono::seconds(70))));
  const auto expected = json::parse(R"({"resourceMetrics": [{
    "resource": {"attributes": [
      {"key": "service.name", "value": {"stringValue": "proa"}},
      {"key": "service.version", "value": {"stringValue": "1.2.3"}},
      {"key": "service.instance.id", "value": {"stringValue": "an-id"}},
      {"key": "host.name", "value": {"stringValue": "a-host"}}]},
    "scopeMetrics": [{"scope": {"name": "proa", "version": "1.2.3"}, "metrics": [
      {"name": "proa_calls_total", "description": "Calls.", "unit": "1", "sum": {
        "aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [
          {"attributes": [{"key": "kind", "value": {"stringValue": "a"}}],
           "startTimeUnixNano": "10000000000", "timeUnixNano": "70000000000", "asDouble": 3.0}]}},
      {"name": "proa_dead_letter_bytes", "description": "Bytes.", "unit": "By", "gauge": {
        "dataPoints": [{"attributes": [], "timeUnixNano": "70000000000", "asDouble": 4.0}]}},
      {"name": "proa_time_seconds", "description": "Times.", "unit": "s", "histogram": {
        "aggregationTemporality": 2, "dataPoints": [
          {"attributes": [], "startTimeUnixNano": "10000000000", "timeUnixNano": "70000000000",
           "count": "2", "sum": 9.001, "bucketCounts": ["1", "0", "1"],
           "explicitBounds": [0.001, 2.5]}]}}]}]}]})");
  EXPECT_EQ(body, expected) << body;
}

}  // namespace
}  // namespace proa::otlp
