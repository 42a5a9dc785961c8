#include "api/metrics.h"

#include "support/metric_values.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

using telemetry::series;

class ApiMetricsTest : public ApiTest {
 protected:
  double value(const std::string& name) {
    telemetry::MetricPage page;
    ApiCounts twice = api_->counts();
    twice += api_->counts();
    describe(twice, page);
    return series(page, name) / 2;
  }
};

TEST_F(ApiMetricsTest, RequestsCountByOperationAndStatusOfAllShards) {
  catalog_.put("f");
  send("POST", "/2015-03-31/functions/f/invocations");
  send("POST", "/2015-03-31/functions/f/invocations");
  send("GET", "/2015-03-31/functions/none");
  send("GET", "/2015-03-31/functions/f/policy");
  EXPECT_EQ(value("proa_api_requests_total{operation=\"Invoke\",class=\"2xx\",from=\"outside\"}"),
            2);
  EXPECT_EQ(
      value("proa_api_requests_total{operation=\"GetFunction\",class=\"4xx\",from=\"outside\"}"),
      1);
  EXPECT_EQ(
      value("proa_api_requests_total{operation=\"GetPolicy\",class=\"4xx\",from=\"outside\"}"), 1);
}

TEST_F(ApiMetricsTest, WebPagesAndWrongSignaturesAreCountedByReason) {
  send("GET", "/2015-03-31/functions", "", {{"Origin", "http://evil.example"}});
  EXPECT_EQ(value("proa_api_refusals_total{reason=\"web_page\"}"), 1);
  identity::Key admin = *make_key(identity::Rights{identity::Right::admin});
  send("GET", "/2015-03-31/functions");
  EXPECT_EQ(value("proa_api_refusals_total{reason=\"missing_token\"}"), 1);
  send_signed(admin, "GET", "/2015-03-31/functions");
  EXPECT_EQ(value("proa_api_refusals_total{reason=\"no_right\"}"), 1);
  admin.secret = "guessed";
  send_signed(admin, "GET", "/2015-03-31/functions");
  EXPECT_EQ(value("proa_api_refusals_total{reason=\"invalid_signature\"}"), 1);
  admin.id = "AKIANOBODY";
  send_signed(admin, "GET", "/2015-03-31/functions");
  EXPECT_EQ(value("proa_api_refusals_total{reason=\"unknown_key\"}"), 1);
}

}  // namespace
}  // namespace proa::api
