#include "unit/api/fakes.h"

namespace proa::api {
namespace {

namespace json = boost::json;
using identity::Right;
using identity::Rights;

class InvokeFunctionUrlTest : public ApiTest {
 protected:
  InvokeFunctionUrlTest() {
    catalog_.put("f");
    dispatcher_.result.payload = R"({"statusCode": 202, "body": "done"})";
  }
  void make_url(const std::string& auth, const std::string& more = "") {
    ASSERT_EQ(
        send("POST", "/2021-10-31/functions/f/url", R"({"AuthType": ")" + auth + "\"" + more + "}")
            .status,
        201);
  }
  /// Before there are keys.
  void permit(const std::string& principal, const std::string& auth) {
    ASSERT_EQ(send("POST", "/2015-03-31/functions/f/policy",
                   R"({"StatementId": "s", "Action": "lambda:InvokeFunctionUrl", "Principal": ")" +
                       principal + R"(", "FunctionUrlAuthType": ")" + auth + "\"}")
                  .status,
              201);
  }
  http::Response call(const std::string& method = "GET", const HeaderList& more = {}) {
    HeaderList headers = {{"Host", kUrlId + ".lambda-url.us-east-1.localhost:9600"}};
    headers.insert(headers.end(), more.begin(), more.end());
    return send(method, "/a/b?x=1", "", headers);
  }
  http::Response call_signed(const identity::Key& key) {
    return send_signed(key, "GET", "/lambda-url/" + kUrlId + "/a/b?x=1");
  }
};

TEST_F(InvokeFunctionUrlTest, TheFunctionGetsTheRequestAndTheCallerItsAnswer) {
  make_url("NONE");
  permit("*", "NONE");
  const auto response = call("PATCH");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.header("X-Amzn-Trace-Id"), dispatcher_.invocation->trace_id);
  EXPECT_FALSE(response.header("X-Proa-Environment")) << "the world need not know";
  EXPECT_EQ(dispatcher_.ref->arn(), "arn:aws:lambda:us-east-1:000000000000:function:f");
  const auto event = json::parse(dispatcher_.invocation->payload);
  EXPECT_EQ(event.at("rawPath"), json::value("/a/b"));
  EXPECT_EQ(event.at("requestContext").at("http").at("method"), json::value("PATCH"));
  EXPECT_EQ(event.at("requestContext").at("requestId"),
            json::value(*response.header("x-amzn-RequestId")));
  EXPECT_EQ(send("GET", "/lambda-url/" + kUrlId + "/p").status, 202);
}

TEST_F(InvokeFunctionUrlTest, OfAnAliasCallsTheAlias) {
  send("POST", "/2015-03-31/functions/f/aliases",
       R"({"Name": "prod", "FunctionVersion": "$LATEST"})");
  send("POST", "/2021-10-31/functions/f/url?Qualifier=prod", R"({"AuthType": "NONE"})");
  permit("*", "NONE");
  EXPECT_EQ(call().status, 403) << "the policy of the function is not that of its alias";
  send("POST", "/2015-03-31/functions/f/policy?Qualifier=prod",
       R"({"StatementId": "s", "Action": "lambda:InvokeFunctionUrl", "Principal": "*"})");
  EXPECT_EQ(call().status, 202);
  EXPECT_EQ(dispatcher_.ref->qualifier, "prod");
}

TEST_F(InvokeFunctionUrlTest, NobodyIsLetInWithoutAPermission) {
  make_url("NONE");
  const auto response = call();
  EXPECT_EQ(response.status, 403);
  EXPECT_TRUE(text(body_of(response), "Message").starts_with("Forbidden."));
  EXPECT_FALSE(dispatcher_.ref);
  permit("*", "AWS_IAM");
  EXPECT_EQ(call().status, 403) << "that is for another auth type";
}

TEST_F(InvokeFunctionUrlTest, UnknownUrlsAreNotFound) {
  EXPECT_EQ(call().status, 404);
  make_url("NONE");
  permit("*", "NONE");
  EXPECT_EQ(send("GET", "/", "", {{"Host", kUrlId + ".lambda-url.eu-west-1.localhost"}}).status,
            404);
}

TEST_F(InvokeFunctionUrlTest, PublicOnesArePublicAlsoWithKeysAndForWebPages) {
  make_url("NONE");
  permit("*", "NONE");
  EXPECT_EQ(call("GET", {{"Origin", "https://a.example"}}).status, 202);
  make_key(Rights{Right::admin});
  EXPECT_EQ(call("GET", {{"Origin", "https://a.example"}}).status, 202);
  http::Request request;
  request.target = "/";
  request.headers.add("Host", kUrlId + ".lambda-url.us-east-1.localhost");
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_EQ(api_->body_limit(request), 6291456U) << "nobody signs here";
}

TEST_F(InvokeFunctionUrlTest, SignedOnesTakeASignatureAndARight) {
  make_url("AWS_IAM");
  make_key(Rights{Right::admin});
  EXPECT_EQ(call().status, 403);
  const auto invoker = make_key(Rights{Right::invoke});
  EXPECT_EQ(call_signed(*invoker).status, 202);
  const auto event = json::parse(dispatcher_.invocation->payload);
  EXPECT_EQ(event.at("requestContext").at("authorizer").at("iam").at("userArn"),
            json::value(invoker->principal));
  EXPECT_EQ(call_signed(*make_key(Rights{Right::logs})).status, 403);
  identity::Key forger = *invoker;
  forger.secret = "guessed";
  EXPECT_EQ(failure(call_signed(forger)).substr(0, 29), "403 InvalidSignatureException");
}

TEST_F(InvokeFunctionUrlTest, AnotherAccountTakesARightAndAPermission) {
  make_url("AWS_IAM");
  permit("111111111111", "AWS_IAM");
  make_key(Rights{Right::admin});
  make_account("one", "111111111111");
  make_account("two", "222222222222");
  EXPECT_EQ(call_signed(*make_key(Rights{Right::invoke}, "111111111111")).status, 202);
  EXPECT_EQ(call_signed(*make_key(Rights{Right::logs}, "111111111111")).status, 403);
  EXPECT_EQ(call_signed(*make_key(Rights{Right::invoke}, "222222222222")).status, 403);
}

TEST_F(InvokeFunctionUrlTest, WithoutKeysASignatureIsAskedForAndNotVerified) {
  make_url("AWS_IAM");
  EXPECT_EQ(call().status, 403);
  const HeaderList is_signed = {
      {"X-Amz-Date", "20250101T000000Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKID/20250101/us-east-1/lambda/aws4_request, "
       "SignedHeaders=host;x-amz-date, Signature=" +
           std::string(64, '0')}};
  EXPECT_EQ(call("GET", is_signed).status, 202);
  HeaderList of_page = is_signed;
  of_page.emplace_back("Origin", "https://evil.example");
  EXPECT_EQ(call("GET", of_page).status, 403);
}

TEST_F(InvokeFunctionUrlTest, FailuresAreBadGateways) {
  make_url("NONE");
  permit("*", "NONE");
  dispatcher_.result.function_error = "Unhandled";
  auto response = call();
  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(response.body, "Internal Server Error");
  dispatcher_.result.function_error.reset();
  dispatcher_.result.payload = R"({"statusCode": 7})";
  EXPECT_EQ(call().status, 502);
  dispatcher_.error = Error(Errc::throttled, "Rate Exceeded.");
  response = call();
  EXPECT_EQ(response.status, 429) << response.body;
}

TEST_F(InvokeFunctionUrlTest, PreflightsAreAnsweredHereWhereThereIsCors) {
  make_url("AWS_IAM", R"(, "Cors": {"AllowOrigins": ["https://a.example"]})");
  const HeaderList preflight = {{"Origin", "https://a.example"},
                                {"Access-Control-Request-Method", "PUT"}};
  auto response = call("OPTIONS", preflight);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_FALSE(dispatcher_.ref) << "and nobody is called";
  make_url("NONE");
  permit("*", "NONE");
  response = call("GET", {{"Origin", "https://a.example"}});
  EXPECT_EQ(response.header("Access-Control-Allow-Origin"), "https://a.example");
  dispatcher_.error = Error(Errc::throttled, "Rate Exceeded.");
  response = call("GET", {{"Origin", "https://a.example"}});
  EXPECT_EQ(response.header("Access-Control-Allow-Origin"), "https://a.example")
      << "a page shall be able to read why";
}

TEST_F(InvokeFunctionUrlTest, AnEventThatGetsTooLargeIsRefused) {
  make_url("NONE");
  permit("*", "NONE");
  const auto response =
      send("POST", "/lambda-url/" + kUrlId + "/", std::string(5 * 1024 * 1024, '\xFF'));
  EXPECT_EQ(response.status, 413) << "7 MB in base64";
}

}  // namespace
}  // namespace proa::api
