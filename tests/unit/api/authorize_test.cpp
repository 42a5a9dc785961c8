#include "api/authorize.h"

#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

using identity::Right;
using identity::Rights;

class AuthorizeTest : public ApiTest {
 protected:
  AuthorizeTest() {
    catalog_.put("f");
    admin_ = make_key(Rights{Right::admin});
  }
  identity::KeyPtr admin_;
};

TEST_F(AuthorizeTest, NothingUnsignedIsServedOrPlaced) {
  EXPECT_EQ(failure(send("POST", kInvokePath)),
            "403 MissingAuthenticationTokenException message=Missing Authentication Token");
  EXPECT_EQ(failure(send("GET", "/proa/v1/status")),
            "403 MissingAuthenticationTokenException message=Missing Authentication Token");
  EXPECT_FALSE(dispatcher_.ref);
}

TEST_F(AuthorizeTest, HealthIsForEverybody) {
  EXPECT_EQ(send("GET", "/proa/v1/health").status, 200);
}

TEST_F(AuthorizeTest, UnknownKeysAndWrongSecretsArePlacedNowhere) {
  identity::Key stranger = *make_key(Rights{Right::invoke});
  stranger.secret = "guessed";
  EXPECT_TRUE(failure(send_signed(stranger, "POST", kInvokePath))
                  .starts_with("403 InvalidSignatureException message=The request signature we "
                               "calculated does not match the signature you provided."));
  stranger.id = "AKIANOBODY";
  EXPECT_EQ(failure(send_signed(stranger, "POST", kInvokePath)),
            "403 UnrecognizedClientException message=The security token included in the request is "
            "invalid.");
  EXPECT_EQ(failure(send("POST", kInvokePath, "", {{"Authorization", "AWS4-HMAC-SHA256 x"}}))
                .substr(0, 33),
            "403 IncompleteSignatureException ");
  EXPECT_FALSE(dispatcher_.ref);
}

TEST_F(AuthorizeTest, AKeyDoesWhatItHasTheRightTo) {
  const auto invoker = make_key(Rights{Right::invoke});
  EXPECT_EQ(send_signed(*invoker, "POST", kInvokePath).status, 200);
  EXPECT_EQ(failure(send_signed(*invoker, "DELETE", "/2015-03-31/functions/f")),
            "403 AccessDeniedException Message=User: " + invoker->principal +
                " is not authorized to perform: lambda:DeleteFunction on resource: "
                "arn:aws:lambda:us-east-1:000000000000:function:f because the key has not got the "
                "right deploy");
  EXPECT_TRUE(failure(send_signed(*invoker, "GET", "/2015-03-31/functions"))
                  .ends_with("lambda:ListFunctions on resource: * because the key has not got the "
                             "right deploy or configure"));
  EXPECT_TRUE(failure(send_signed(*admin_, "POST", kInvokePath))
                  .find("lambda:InvokeFunction on resource: "
                        "arn:aws:lambda:us-east-1:000000000000:function:f because") !=
              std::string::npos);
  EXPECT_EQ(
      send_signed(*make_key(Rights{Right::configure}), "PUT", "/2017-10-31/functions/f/concurrency",
                  R"({"ReservedConcurrentExecutions": 1})")
          .status,
      200);
}

TEST_F(AuthorizeTest, AsynchronousCallsAreConfiguredByTheRightTo) {
  constexpr const char* kPath = "/2019-09-25/functions/f/event-invoke-config";
  const std::string body = R"({"MaximumRetryAttempts": 1})";
  const auto configurer = make_key(Rights{Right::configure});
  const auto deployer = make_key(Rights{Right::deploy});
  EXPECT_EQ(send_signed(*configurer, "PUT", kPath, body).status, 200);
  EXPECT_EQ(send_signed(*configurer, "POST", kPath, body).status, 200);
  EXPECT_EQ(send_signed(*deployer, "GET", kPath).status, 200);
  EXPECT_EQ(send_signed(*deployer, "GET", std::string(kPath) + "/list").status, 200);
  EXPECT_TRUE(failure(send_signed(*deployer, "PUT", kPath, body))
                  .ends_with("lambda:PutFunctionEventInvokeConfig on resource: "
                             "arn:aws:lambda:us-east-1:000000000000:function:f because the key has "
                             "not got the right configure"));
  EXPECT_EQ(send_signed(*deployer, "POST", kPath, body).status, 403);
  EXPECT_EQ(send_signed(*deployer, "DELETE", kPath).status, 403);
  EXPECT_EQ(send_signed(*make_key(Rights{Right::invoke}), "GET", kPath).status, 403);
  EXPECT_EQ(send_signed(*configurer, "DELETE", kPath).status, 204);
}

TEST_F(AuthorizeTest, EveryOperationNeedsSomeRight) {
  for (const Operation& operation : operations()) {
    if (operation.name == "ProaHealth" || operation.name == "ProaStatus") continue;
    EXPECT_FALSE(rights_for(operation).empty()) << operation.name;
  }
}

TEST_F(AuthorizeTest, AKeyActsInItsAccount) {
  make_account("team", "123456789012");
  const auto key = make_key(Rights{Right::invoke, Right::deploy}, "123456789012");
  EXPECT_EQ(send_signed(*key, "POST", kInvokePath).status, 200);
  EXPECT_EQ(dispatcher_.ref->account_id, "123456789012");
  EXPECT_TRUE(
      failure(send_signed(*key, "POST", "/2015-03-31/functions/000000000000%3Af/invocations"))
          .starts_with("403 AccessDeniedException"));
}

TEST_F(AuthorizeTest, LargeBodiesAreVerifiedToo) {
  const auto key = make_key(Rights{Right::invoke});
  const std::string body = "\"" + std::string(300'000, 'x') + "\"";
  EXPECT_EQ(send_signed(*key, "POST", kInvokePath, body).status, 200);
  EXPECT_EQ(dispatcher_.invocation->payload, body);
  identity::Key wrong = *key;
  wrong.secret = "guessed";
  EXPECT_EQ(send_signed(wrong, "POST", kInvokePath, body).status, 403);
}

TEST_F(AuthorizeTest, UnknownCallersMayNotSendMuch) {
  http::Request request;
  request.method = "POST";
  request.target = "/2015-03-31/functions";
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_EQ(api_->body_limit(request), 1024U * 1024U);
  request.headers.add("X-Amz-Date", "20250101T000000Z");
  request.headers.add("Authorization", "AWS4-HMAC-SHA256 Credential=" + admin_->id +
                                           "/20250101/us-east-1/lambda/aws4_request, "
                                           "SignedHeaders=host, Signature=1");
  EXPECT_EQ(api_->body_limit(request), 70167211U);
}

TEST_F(AuthorizeTest, LocationsArePresigned) {
  const auto key = make_key(Rights{Right::deploy});
  const std::string url =
      text(body_of(send_signed(*key, "GET", "/2015-03-31/functions/f")).at("Code").as_object(),
           "Location");
  const std::string begin = "http://proa.example:9600";
  ASSERT_TRUE(url.starts_with(begin)) << url;
  const std::string target = url.substr(begin.size());
  const HeaderList host = {{"Host", "proa.example:9600"}};
  EXPECT_EQ(send("GET", target, "", host).body, "the zip");
  EXPECT_EQ(send("GET", target.substr(0, target.find('?')), "", host).status, 403);
}

}  // namespace
}  // namespace proa::api
