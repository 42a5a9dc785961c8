#include "api/url_request.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

constexpr const char* kId = "abcdefghijklmnopqrstuvwxyz012345";

http::Request request_for(const std::string& target, const std::string& host) {
  http::Request request;
  request.method = "GET";
  request.target = target;
  request.headers.add("Host", host);
  EXPECT_TRUE(http::parse_target(request)) << target;
  return request;
}

std::string path_of(const std::string& target, const std::string& host = "127.0.0.1:9600") {
  const auto request = request_for(target, host);
  const auto found = find_url_request(request);
  if (!found) return "none";
  EXPECT_EQ(found->id, kId);
  return std::string(found->region) + " " + std::string(found->path);
}

TEST(UrlRequests, AreTakenByHostName) {
  const std::string id = kId;
  EXPECT_EQ(path_of("/a%2Fb?x=1", id + ".lambda-url.us-east-1.localhost:9600"), "us-east-1 /a%2Fb");
  EXPECT_EQ(path_of("/", id + ".lambda-url.eu-west-1.proa.example"), "eu-west-1 /");
  EXPECT_EQ(path_of("/proa/v1/status", id + ".lambda-url.us-east-1.localhost"),
            "us-east-1 /proa/v1/status")
      << "all paths are the function's";
  for (const std::string& host : std::vector<std::string>{
           id + ".lambda-url.us-east-1", id + ".lambda-url", "x.lambda-url.us-east-1.localhost",
           id + ".lambda-urls.us-east-1.localhost", id + ".x.lambda-url.us-east-1.localhost",
           std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345.lambda-url.us-east-1.localhost"),
           std::string()}) {
    EXPECT_EQ(path_of("/", host), "none") << host;
  }
}

TEST(UrlRequests, AreTakenByPath) {
  const std::string begin = std::string("/lambda-url/") + kId;
  EXPECT_EQ(path_of(begin), " /");
  EXPECT_EQ(path_of(begin + "/"), " /");
  EXPECT_EQ(path_of(begin + "?a=b"), " /");
  EXPECT_EQ(path_of(begin + "/a//b%20c/?a=b"), " /a//b%20c/");
  EXPECT_EQ(path_of("/lambda-url/short/a"), "none");
  EXPECT_EQ(path_of("/lambda-url"), "none");
  EXPECT_EQ(path_of("/lambda%2Durl/" + std::string(kId)), "none");
}

std::string address(const std::string& host, bool is_tls = false) {
  auto request = request_for("/", host);
  request.is_tls = is_tls;
  model::FunctionUrl url;
  url.id = kId;
  return url_address(request, url, "us-east-1");
}

TEST(UrlAddresses, AreWhatTheOneWhoAsksCanReach) {
  const std::string by_host = "http://" + std::string(kId) + ".lambda-url.us-east-1.";
  EXPECT_EQ(address("127.0.0.1:9600"), by_host + "localhost:9600/");
  EXPECT_EQ(address("[::1]:9600"), by_host + "localhost:9600/");
  EXPECT_EQ(address("localhost"), by_host + "localhost/");
  EXPECT_EQ(address("proa.example:80"), by_host + "proa.example:80/");
  EXPECT_EQ(address("10.1.2.3:9600"), "http://10.1.2.3:9600/lambda-url/" + std::string(kId) + "/")
      << "nothing resolves names under an address";
  EXPECT_TRUE(address("proa.example", true).starts_with("https://"));
  EXPECT_TRUE(address("10.1.2.3:9600", true).starts_with("https://10.1.2.3:9600/"));
}

}  // namespace
}  // namespace proa::api
