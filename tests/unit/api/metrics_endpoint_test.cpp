#include "api/metrics_endpoint.h"

#include "unit/api/fakes.h"

namespace proa::api {
namespace {

using identity::Right;
using identity::Rights;

const std::string kToken = "0123456789abcdef";

class MetricsEndpointTest : public ApiTest {
 protected:
  void serve_metrics(const std::string& token) {
    ApiOptions options;
    options.metrics_token = token;
    options.metrics = []() -> boost::asio::awaitable<std::string> { co_return "the page"; };
    make(std::move(options));
  }
  http::Response with_token(const std::string& token) {
    return send("GET", "/metrics", "", {{"Authorization", "Bearer " + token}});
  }
};

TEST_F(MetricsEndpointTest, ThePageIsPrometheusTextAndOpenWhileThereAreNeitherKeysNorToken) {
  serve_metrics("");
  const auto page = send("GET", "/metrics");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "the page");
  EXPECT_EQ(page.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(MetricsEndpointTest, AWebPageGetsNoMetrics) {
  serve_metrics("");
  EXPECT_EQ(send("GET", "/metrics", "", {{"Origin", "http://evil.example"}}).status, 403);
  EXPECT_EQ(send("GET", "/metrics", "", {{"Host", "evil.example"}}).status, 403);
}

TEST_F(MetricsEndpointTest, WithATokenThePageNeedsIt) {
  serve_metrics(kToken);
  const auto refused = send("GET", "/metrics");
  EXPECT_EQ(failure(refused),
            "401 UnauthorizedException message=GET /metrics needs the token of "
            "--metrics-token-file (Authorization: Bearer TOKEN)");
  EXPECT_EQ(refused.header("WWW-Authenticate"), "Bearer realm=\"metrics\"");
  EXPECT_EQ(with_token(kToken).body, "the page");
  for (const std::string& wrong :
       {std::string(), kToken.substr(1), kToken + "0", "0123456789abcdeF" + std::string()}) {
    EXPECT_EQ(with_token(wrong).status, 401) << wrong;
  }
}

TEST_F(MetricsEndpointTest, WithKeysThePageNeedsTheTokenOrAnAdmin) {
  serve_metrics(kToken);
  const auto admin = make_key(Rights{Right::admin});
  const auto other = make_key(Rights{Right::logs, Right::invoke, Right::configure});
  EXPECT_EQ(with_token(kToken).body, "the page");
  EXPECT_EQ(with_token("0123456789abcdeF").status, 401);
  EXPECT_EQ(failure(send("GET", "/metrics")),
            "401 UnauthorizedException message=GET /metrics needs the token of "
            "--metrics-token-file (Authorization: Bearer TOKEN), or a signature by a key with the "
            "right admin");
  EXPECT_EQ(send_signed(*admin, "GET", "/metrics").body, "the page");
  EXPECT_EQ(send_signed(*other, "GET", "/metrics").status, 403);
}

TEST_F(MetricsEndpointTest, TheTokenOpensNothingElse) {
  serve_metrics(kToken);
  make_key(Rights{Right::admin});
  EXPECT_EQ(
      send("GET", "/2015-03-31/functions", "", {{"Authorization", "Bearer " + kToken}}).status,
      403);
  EXPECT_EQ(send("GET", "/metrics/x", "", {{"Authorization", "Bearer " + kToken}}).status, 403);
}

TEST_F(MetricsEndpointTest, WithKeysAndWithoutATokenTheAnswerSaysHowToSetOne) {
  serve_metrics("");
  make_key(Rights{Right::admin});
  for (const auto& refused : {send("GET", "/metrics"), with_token(kToken)}) {
    EXPECT_EQ(failure(refused),
              "401 UnauthorizedException message=GET /metrics needs a token, and none is set: "
              "start proa serve with --metrics-token-file, or a signature by a key with the right "
              "admin");
  }
}

}  // namespace
}  // namespace proa::api
