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
  make_key(identity::Rights{identity::Right::admin});
  EXPECT_EQ(send("GET", "/proa/v1/health", "", {{"Host", "any"}, {"Origin", "https://x"}}).status,
            200);
}

class FunctionCallerTest : public ApiTest {
 protected:
  FunctionCallerTest() {
    auto function = std::make_shared<model::FunctionVersion>();
    function->account_id = "123456789012";
    function->region = "eu-north-1";
    function->name = "caller";
    function->role = "arn:aws:iam::123456789012:role/r";
    caller_.function = std::move(function);
    caller_.access_key_id = "ASIAX";
    caller_.secret_access_key = "secret";
    caller_.session_token = "token";
    credentials_.key_id = "ASIAX";
    credentials_.secret = "secret";
    credentials_.session_token = "token";
  }
  /// Asks as the SDK inside does, signed with `credentials_` unless their key id is empty.
  http::Response ask(std::string method, std::string target) {
    http::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers.add("Host", "127.0.0.1:9002");
    EXPECT_TRUE(http::parse_target(request));
    identity::SigningScope scope;
    scope.region = "us-east-1";
    if (!credentials_.key_id.empty()) identity::sign(request, credentials_, scope, kNow);
    return serve_function(request, caller_);
  }
  identity::Credentials credentials_;
  model::FunctionCaller caller_;
};

TEST_F(FunctionCallerTest, FunctionCodeCallsFunctionsOfItsAccountAndRegion) {
  const auto answer = ask("POST", "/2015-03-31/functions/other/invocations");
  EXPECT_EQ(answer.status, 200);
  ASSERT_TRUE(dispatcher_.ref);
  EXPECT_EQ(dispatcher_.ref->account_id, "123456789012");
  EXPECT_EQ(dispatcher_.ref->region, "eu-north-1");
  EXPECT_EQ(dispatcher_.ref->name, "other");
}

TEST_F(FunctionCallerTest, RequestsWithoutTheEnvironmentsCredentialsAreRefused) {
  const std::string target = "/2015-03-31/functions/other/invocations";
  const std::string refusal =
      "403 UnrecognizedClientException message=The security token included in the request is "
      "invalid.";
  credentials_.session_token = "other";
  EXPECT_EQ(failure(ask("POST", target)), refusal);
  credentials_.session_token = "";
  EXPECT_EQ(failure(ask("POST", target)), refusal);
  credentials_.session_token = "token";
  credentials_.secret = "other";
  EXPECT_TRUE(failure(ask("POST", target)).starts_with("403 InvalidSignatureException"));
  credentials_.key_id = "PROASOMEBODY";
  EXPECT_EQ(failure(ask("POST", target)), refusal);
  credentials_.key_id = "";
  EXPECT_TRUE(failure(ask("POST", target)).starts_with("403 MissingAuthenticationTokenException"));
  EXPECT_FALSE(dispatcher_.ref);
}

TEST_F(FunctionCallerTest, FunctionCodeMayDoNothingElse) {
  const auto refused = failure(ask("DELETE", "/2015-03-31/functions/other"));
  EXPECT_NE(refused.find("role/r/caller is not authorized to perform: lambda:DeleteFunction"),
            std::string::npos)
      << refused;
  EXPECT_EQ(ask("GET", "/proa/v1/status").status, 403);
}

}  // namespace
}  // namespace proa::api
