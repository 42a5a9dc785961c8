#include "api/url_config_input.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::api {
namespace {

std::string problems_of(const std::string& body) {
  const auto object = boost::json::parse(body).as_object();
  Problems problems;
  decode_url_change(Fields(object, problems));
  return problems.empty() ? "" : problems.text();
}

TEST(UrlConfigInput, IsDecodedMemberByMember) {
  const auto object = boost::json::parse(R"({"AuthType": "NONE", "Cors": {
      "AllowCredentials": true, "AllowHeaders": ["a"], "AllowMethods": ["*"],
      "AllowOrigins": ["https://a.example"], "ExposeHeaders": [], "MaxAge": 86400}})")
                          .as_object();
  Problems problems;
  const auto change = decode_url_change(Fields(object, problems));
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(change.auth, model::UrlAuth::none);
  ASSERT_TRUE(change.cors);
  EXPECT_EQ(change.cors->allow_credentials, true);
  EXPECT_EQ(change.cors->allow_origins->front(), "https://a.example");
  EXPECT_TRUE(change.cors->expose_headers->empty());
  EXPECT_EQ(change.cors->max_age, std::chrono::seconds(86400));
}

TEST(UrlConfigInput, WhatIsWrongIsNamed) {
  EXPECT_EQ(problems_of(R"({"AuthType": "ANY"})"),
            "1 validation error detected: Value 'ANY' at 'authType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [AWS_IAM, NONE]");
  EXPECT_NE(problems_of(R"({"Cors": {"MaxAge": 86401}})").find("'cors.maxAge'"), std::string::npos);
  EXPECT_NE(problems_of(R"({"Cors": {"AllowMethods": ["PROPFIND"]}})").find("'cors.allowMethods'"),
            std::string::npos);
  EXPECT_NE(problems_of(R"({"Cors": {"AllowMethods": ["1", "2", "3", "4", "5", "6", "7"]}})")
                .find("'cors.allowMethods' failed to satisfy constraint: Member must have length "
                      "less than or equal to 6"),
            std::string::npos);
  EXPECT_NE(problems_of(R"({"InvokeMode": "FAST"})").find("'invokeMode'"), std::string::npos);
}

TEST(UrlConfigInput, StreamingIsRefusedByName) {
  const auto object = boost::json::parse(R"({"InvokeMode": "RESPONSE_STREAM"})").as_object();
  Problems problems;
  const auto checked = check_invoke_mode(Fields(object, problems));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message(), "InvokeMode RESPONSE_STREAM is not supported by Proa yet");
}

}  // namespace
}  // namespace proa::api
