#include "otlp/metrics.h"

#include "support/metric_values.h"

#include <boost/asio/io_context.hpp>

namespace proa::otlp {
namespace {

using telemetry::series;

TEST(OtlpMetrics, TellWhatReachedTheCollectorAndWhatDidNot) {
  boost::asio::io_context io;
  SystemClock clock;
  std::vector<Signal> signals(1);
  signals[0].name = "traces";
  Exporter exporter(io.get_executor(), clock, telemetry::Logger(), {}, std::move(signals));
  exporter.counts()[0].second->sent = 5;
  exporter.counts()[0].second->unreachable = 2;
  telemetry::MetricPage page;
  describe(&exporter, 7, page);
  EXPECT_EQ(series(page, "proa_otlp_sent_total{signal=\"traces\"}"), 5);
  EXPECT_EQ(series(page, "proa_otlp_dropped_total{signal=\"traces\",reason=\"unreachable\"}"), 2);
  EXPECT_EQ(series(page, "proa_otlp_dropped_total{signal=\"traces\",reason=\"rejected\"}"), 0);
  EXPECT_EQ(series(page, "proa_otlp_dropped_total{signal=\"traces\",reason=\"queue_full\"}"), 7);
  EXPECT_EQ(series(page, "proa_otlp_retries_total{signal=\"traces\"}"), 0);
}

TEST(OtlpMetrics, AreKnownButSilentWithoutAnExporter) {
  telemetry::MetricPage page;
  describe(nullptr, 0, page);
  EXPECT_EQ(page.families().size(), 3U);
  for (const auto& family : page.families()) EXPECT_TRUE(family.samples.empty());
}

}  // namespace
}  // namespace proa::otlp
