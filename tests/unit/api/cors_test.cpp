#include "api/cors.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

using Texts = std::vector<std::string>;

http::Request from(const std::string& origin, const std::string& method = "GET") {
  http::Request request;
  request.method = method;
  if (!origin.empty()) request.headers.add("Origin", origin);
  return request;
}

model::UrlCors full() {
  model::UrlCors cors;
  cors.allow_origins = Texts{"https://a.example", "https://b.example"};
  cors.allow_methods = Texts{"GET", "PUT"};
  cors.allow_headers = Texts{"x-one", "x-two"};
  cors.expose_headers = Texts{"x-seen"};
  cors.max_age = std::chrono::seconds(60);
  cors.allow_credentials = true;
  return cors;
}

std::string value(const http::Response& response, std::string_view name) {
  return std::string(response.header(name).value_or("-"));
}

TEST(Cors, APreflightIsOptionsThatAskForAMethod) {
  auto request = from("https://a.example", "OPTIONS");
  EXPECT_FALSE(is_preflight(request)) << "an OPTIONS of the function's own";
  request.headers.add("Access-Control-Request-Method", "PUT");
  EXPECT_TRUE(is_preflight(request));
  request.method = "GET";
  EXPECT_FALSE(is_preflight(request));
}

TEST(Cors, APreflightHearsWhatItMay) {
  const auto response = preflight_answer(from("https://B.example", "OPTIONS"), full());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(value(response, "Access-Control-Allow-Origin"), "https://B.example");
  EXPECT_EQ(value(response, "Vary"), "Origin");
  EXPECT_EQ(value(response, "Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(value(response, "Access-Control-Allow-Methods"), "GET,PUT");
  EXPECT_EQ(value(response, "Access-Control-Allow-Headers"), "x-one,x-two");
  EXPECT_EQ(value(response, "Access-Control-Max-Age"), "60");
}

TEST(Cors, AStrangerHearsNothing) {
  EXPECT_EQ(preflight_answer(from("https://c.example"), full()).headers.size(), 0U);
  EXPECT_EQ(preflight_answer(from(""), full()).headers.size(), 0U);
  EXPECT_EQ(preflight_answer(from("https://a.example"), model::UrlCors()).headers.size(), 0U);
}

TEST(Cors, EverybodyIsAStarButWithCredentials) {
  model::UrlCors cors;
  cors.allow_origins = Texts{"*"};
  auto response = preflight_answer(from("https://c.example"), cors);
  EXPECT_EQ(value(response, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(value(response, "Vary"), "-");
  cors.allow_credentials = true;
  response = preflight_answer(from("https://c.example"), cors);
  EXPECT_EQ(value(response, "Access-Control-Allow-Origin"), "https://c.example");
}

TEST(Cors, StandsInPlaceOfWhatTheFunctionSays) {
  http::Response response(200);
  response.headers.add("access-control-allow-origin", "https://function.example");
  response.headers.add("X-Seen", "1");
  apply_cors(from("https://a.example"), full(), response);
  EXPECT_EQ(response.headers.count("Access-Control-Allow-Origin"), 1U);
  EXPECT_EQ(value(response, "Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(value(response, "Access-Control-Expose-Headers"), "x-seen");
  EXPECT_EQ(value(response, "X-Seen"), "1");
}

}  // namespace
}  // namespace proa::api
