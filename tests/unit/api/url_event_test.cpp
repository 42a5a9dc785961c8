// Events against those in the documentation:
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
#include "api/url_request.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace proa::api {
namespace {

namespace json = boost::json;

class UrlEventTest : public ::testing::Test {
 protected:
  UrlEventTest() {
    request_.method = "POST";
    request_.remote_address = "203.0.113.7:40312";
    request_.headers.add("Host", "ID.lambda-url.us-east-1.localhost:9600");
  }
  json::object event(const std::string& target) {
    request_.target = target;
    EXPECT_TRUE(http::parse_target(request_));
    UrlRequest asked;
    asked.id = "ID";
    asked.path = request_.raw_path();
    const UrlEvent event{request_, asked, caller_, "request-1", "Root=1-a", 1583348638390};
    return json::parse(to_payload(event)).as_object();
  }
  std::string header(const char* name) {
    const auto headers = event("/").at("headers").as_object();
    return headers.contains(name) ? std::string(headers.at(name).as_string()) : "-";
  }
  http::Request request_;
  UrlCaller caller_;
};

TEST_F(UrlEventTest, IsPayloadFormat2) {
  request_.headers.add("User-Agent", "agent/1");
  const auto made = event("/my/p%61th?a=1&b=x%20y&a=2&c");
  const auto wanted = json::parse(R"({
    "version": "2.0", "routeKey": "$default", "rawPath": "/my/p%61th",
    "rawQueryString": "a=1&b=x%20y&a=2&c",
    "queryStringParameters": {"a": "1,2", "b": "x y", "c": ""},
    "headers": {"host": "ID.lambda-url.us-east-1.localhost:9600", "user-agent": "agent/1",
      "x-amzn-trace-id": "Root=1-a", "x-forwarded-for": "203.0.113.7",
      "x-forwarded-port": "9600", "x-forwarded-proto": "http"},
    "requestContext": {"accountId": "anonymous", "apiId": "ID", "authentication": null,
      "domainName": "ID.lambda-url.us-east-1.localhost", "domainPrefix": "ID",
      "http": {"method": "POST", "path": "/my/p%61th", "protocol": "HTTP/1.1",
        "sourceIp": "203.0.113.7", "userAgent": "agent/1"},
      "requestId": "request-1", "routeKey": "$default", "stage": "$default",
      "time": "04/Mar/2020:19:03:58 +0000", "timeEpoch": 1583348638390},
    "isBase64Encoded": false})");
  EXPECT_EQ(json::value(made), wanted) << json::serialize(made);
}

TEST_F(UrlEventTest, HeadersAreSmallAndJoinedAndCookiesApart) {
  request_.headers.add("X-Twice", "1");
  request_.headers.add("x-twice", "2");
  request_.headers.add("Cookie", "a=1; b=2;");
  request_.headers.add("cookie", "c=3");
  request_.headers.add("X-Forwarded-For", "198.51.100.1");
  request_.headers.add("X-Forwarded-Proto", "https");
  const auto made = event("/");
  EXPECT_EQ(made.at("cookies"), json::parse(R"(["a=1", "b=2", "c=3"])"));
  EXPECT_FALSE(made.at("headers").as_object().contains("cookie"));
  EXPECT_EQ(header("x-twice"), "1,2");
  EXPECT_EQ(header("x-forwarded-for"), "198.51.100.1,203.0.113.7") << "the last is who we saw";
  EXPECT_EQ(header("x-forwarded-proto"), "http") << "not what somebody says";
}

TEST_F(UrlEventTest, SaysThatTheRequestCameByTls) {
  request_.is_tls = true;
  request_.headers.clear();
  request_.headers.add("Host", "proa.example");
  event("/");
  EXPECT_EQ(header("x-forwarded-proto"), "https");
  EXPECT_EQ(header("x-forwarded-port"), "443");
}

TEST_F(UrlEventTest, TextIsPlainAndAllElseIsBase64) {
  for (const char* type : {"text/plain; charset=utf-8", "application/json", "Application/XML",
                           "application/vnd.api+json", "application/x-www-form-urlencoded",
                           "application/javascript"}) {
    request_.headers.clear();
    request_.headers.add("Content-Type", type);
    request_.body = "caf\xC3\xA9";
    EXPECT_EQ(event("/").at("body"), json::value("caf\xC3\xA9")) << type;
    EXPECT_FALSE(event("/").at("isBase64Encoded").as_bool());
    request_.body = "caf\xE9";
    EXPECT_EQ(event("/").at("body"), json::value("Y2Fm6Q==")) << "no text of JSON's";
    EXPECT_TRUE(event("/").at("isBase64Encoded").as_bool());
  }
  request_.headers.clear();
  request_.body = "caf";
  EXPECT_EQ(event("/").at("body"), json::value("Y2Fm")) << "nobody says what it is";
  request_.body.clear();
  EXPECT_FALSE(event("/").contains("body"));
}

TEST_F(UrlEventTest, TellsWhoSignedAndNotWithWhat) {
  caller_ = {"123456789012", "arn:aws:iam::123456789012:user/ann", "AKIDANN"};
  request_.headers.add("Authorization", "AWS4-HMAC-SHA256 Credential=...");
  request_.headers.add("X-Amz-Security-Token", "token");
  const auto made = event("/");
  const auto& context = made.at("requestContext").as_object();
  EXPECT_EQ(context.at("accountId"), json::value("123456789012"));
  EXPECT_EQ(context.at("authorizer").at("iam").at("userArn"),
            json::value("arn:aws:iam::123456789012:user/ann"));
  EXPECT_EQ(context.at("authorizer").at("iam").at("accessKey"), json::value("AKIDANN"));
  EXPECT_EQ(header("authorization"), "-");
  EXPECT_EQ(header("x-amz-security-token"), "-");
  caller_ = {};
  EXPECT_EQ(header("authorization"), "AWS4-HMAC-SHA256 Credential=...")
      << "of whoever is anonymous it is the function's own";
}

TEST_F(UrlEventTest, AddressesAreWithoutPorts) {
  for (const auto& [remote, ip] : std::vector<std::pair<std::string, std::string>>{
           {"[2001:db8::1]:5", "2001:db8::1"}, {"unix", "127.0.0.1"}, {"10.0.0.1:5", "10.0.0.1"}}) {
    request_.remote_address = remote;
    EXPECT_EQ(header("x-forwarded-for"), ip);
  }
}

TEST_F(UrlEventTest, BytesThatAreNoTextBecomeSome) {
  request_.headers.add("X-Name", "caf\xE9");
  EXPECT_EQ(header("x-name"), "caf\xC3\xA9");
  EXPECT_EQ(event("/?a=%FF").at("queryStringParameters").at("a"), json::value("\xC3\xBF"));
}

}  // namespace
}  // namespace proa::api
