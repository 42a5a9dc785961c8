#include "api/url_request.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

http::Response answer(const std::string& payload) {
  auto response = to_response(payload);
  EXPECT_TRUE(response) << payload;
  return response ? std::move(*response) : http::Response(0);
}

TEST(UrlAnswers, AreWhatTheFunctionSays) {
  const auto response = answer(R"({"statusCode": 201, "headers": {"Content-Type": "text/html",
      "X-Number": 5, "X-Flag": true, "X-None": null}, "cookies": ["a=1; Secure", "b=2"],
      "body": "<p>caf\u00e9</p>"})");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.lines(),
            "Content-Type: text/html\r\nX-Number: 5\r\nX-Flag: true\r\n"
            "Set-Cookie: a=1; Secure\r\nSet-Cookie: b=2\r\n");
  EXPECT_EQ(response.body, "<p>caf\xC3\xA9</p>");
}

TEST(UrlAnswers, WithoutAStatusAreTheBody) {
  for (const char* payload : {R"({"message": "Hello"})", R"("Hello")", "[1]", "null", "12", "no",
                              R"({"headers": {"a": "b"}})"}) {
    const auto response = answer(payload);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.header("Content-Type"), "application/json");
    EXPECT_EQ(response.body, payload);
  }
}

TEST(UrlAnswers, BodiesMayBeInBase64OrMissing) {
  EXPECT_EQ(answer(R"({"statusCode": 200, "body": "AAH/", "isBase64Encoded": true})").body,
            std::string("\0\1\xFF", 3));
  EXPECT_EQ(answer(R"({"statusCode": 200, "body": "AAH/", "isBase64Encoded": false})").body,
            "AAH/");
  EXPECT_EQ(answer(R"({"statusCode": 204})").body, "");
  EXPECT_EQ(answer(R"({"statusCode": 200, "body": {"a": 1}})").body, R"({"a":1})");
  EXPECT_EQ(answer(R"({"statusCode": "404"})").status, 404);
  EXPECT_EQ(answer(R"({"statusCode": 200.0})").header("content-type"), "application/json");
}

TEST(UrlAnswers, FieldsOfTheConnectionComeUnderAnotherName) {
  const auto response =
      answer(R"({"statusCode": 200, "headers": {"content-length": "7", "Connection": "close"}})");
  EXPECT_EQ(response.headers.count("Content-Length"), 0U);
  EXPECT_EQ(response.header("x-amzn-Remapped-content-length"), "7");
  EXPECT_EQ(response.header("x-amzn-Remapped-Connection"), "close");
}

TEST(UrlAnswers, ThatCannotBeAreNone) {
  for (const char* payload :
       {R"({"statusCode": 99})", R"({"statusCode": 101})", R"({"statusCode": 600})",
        R"({"statusCode": "x"})", R"({"statusCode": "200x"})", R"({"statusCode": null})",
        R"({"statusCode": 200.5})", R"({"statusCode": 1e99})",
        R"({"statusCode": 200, "headers": []})", R"({"statusCode": 200, "headers": {"a": {}}})",
        R"({"statusCode": 200, "headers": {"a b": "c"}})",
        R"({"statusCode": 200, "headers": {"": "c"}})", R"({"statusCode": 200, "cookies": "a"})",
        R"({"statusCode": 200, "cookies": [1]})",
        R"({"statusCode": 200, "body": "%", "isBase64Encoded": true})"}) {
    EXPECT_FALSE(to_response(payload)) << payload;
  }
}

TEST(UrlAnswers, AValueBeginsNoLineOfItsOwn) {
  const auto response = answer(
      R"({"statusCode": 200, "headers": {"a": "b\r\nSet-Cookie: x=1", "Content-Type": "t"}})");
  EXPECT_EQ(response.headers.size(), 2U);
  EXPECT_EQ(response.headers.lines().find("\r\nSet-Cookie"), std::string::npos);
}

}  // namespace
}  // namespace proa::api
