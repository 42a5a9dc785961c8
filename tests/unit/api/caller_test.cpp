#include "unit/api/fakes.h"

namespace proa::api {
namespace {

TEST_F(ApiTest, RefusesRequestsOfWebPages) {
  const auto refused = send("GET", "/proa/v1/health", "", {{"Origin", "https://evil.example"}});
  EXPECT_EQ(failure(refused),
            "403 AccessDeniedException Message=Proa runs without keys (auth: off) and refuses "
            "requests of web pages: this one has the Origin 'https://evil.example'");
  EXPECT_EQ(send("OPTIONS", "/2015-03-31/functions", "", {{"Origin", "null"}}).status, 403);
}

TEST_F(ApiTest, AnswersOnlyToItsOwnNames) {
  ApiOptions options;
  options.host_names = {"proa.internal"};
  make(std::move(options));
  for (const std::string host : {"127.0.0.1:9600", "127.0.0.1", "localhost:9600", "LOCALHOST",
                                 "lambda.us-east-1.localhost:9600", "[::1]:9600", "[::1]",
                                 "Proa.Internal:80", "localhost.", "127.1.2.3"}) {
    EXPECT_EQ(send("GET", "/proa/v1/health", "", {{"Host", host}}).status, 200) << host;
  }
  for (const std::string host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example",
                                 "notlocalhost", "10.0.0.1", "[::2]", "", "127.0.0.x"}) {
    EXPECT_EQ(
        failure(send("GET", "/proa/v1/health", "", {{"Host", host}})),
        "403 AccessDeniedException Message=Proa runs without keys (auth: off) and answers only "
        "to its own names: '" +
            host + "' is not one of them");
  }
}

TEST_F(ApiTest, WithKeysOriginAndHostAreFree) {
  ApiOptions options;
  options.refuses_browsers = false;
  make(std::move(options));
  EXPECT_EQ(send("GET", "/proa/v1/health", "", {{"Host", "any"}, {"Origin", "https://x"}}).status,
            200);
}

}  // namespace
}  // namespace proa::api
