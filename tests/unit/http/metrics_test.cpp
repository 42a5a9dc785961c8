#include "http/metrics.h"

#include "support/metric_values.h"

namespace proa::http {
namespace {

using telemetry::series;

TEST(HttpMetrics, TheServersOfAllShardsAddUp) {
  ServerTotals one;
  one.connections = 2;
  one.counters.accepted = 5;
  one.counters.answers = {0, 7, 0, 1, 0};
  ServerTotals other = one;
  other.counters.malformed = 1;
  other.counters.refused = 3;
  one += other;
  telemetry::MetricPage page;
  describe(one, page);
  EXPECT_EQ(series(page, "proa_http_connections"), 4);
  EXPECT_EQ(series(page, "proa_http_connections_accepted_total"), 10);
  EXPECT_EQ(series(page, "proa_http_connections_refused_total"), 3);
  EXPECT_EQ(series(page, "proa_http_requests_malformed_total"), 1);
  EXPECT_EQ(series(page, "proa_http_requests_total{class=\"2xx\"}"), 14);
  EXPECT_EQ(series(page, "proa_http_requests_total{class=\"4xx\"}"), 2);
  EXPECT_EQ(series(page, "proa_http_requests_total{class=\"5xx\"}"), 0);
}

}  // namespace
}  // namespace proa::http
