#include "templates/urls.h"

#include <gtest/gtest.h>

namespace proa::templates {
namespace {

using Texts = std::vector<std::string>;

Result<Template> read_sam(const std::string& config) {
  return read_template(R"(Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f/
      Handler: app.handler
      Runtime: python3.11
      FunctionUrlConfig: )" +
                           config,
                       TemplateInput());
}

Result<Template> read_serverless(const std::string& config) {
  return read_template(R"(service: s
provider: {name: aws, runtime: python3.11}
functions:
  f:
    handler: app.handler
    url: )" + config,
                       TemplateInput());
}

TemplateUrl url_of(const Result<Template>& read) {
  EXPECT_TRUE(read) << read.error().message();
  if (!read || read.value().functions.empty()) return {};
  for (const Problem& problem : read.value().problems) ADD_FAILURE() << problem.text;
  EXPECT_TRUE(read.value().functions[0].url);
  return read.value().functions[0].url.value_or(TemplateUrl());
}

std::string told(const Result<Template>& read) {
  if (!read) return read.error().message();
  return read.value().problems.empty() ? "" : read.value().problems.front().text;
}

TEST(TemplateUrls, OfSamHaveAuthTypeAndCors) {
  const auto url = url_of(read_sam(
      "{AuthType: NONE, InvokeMode: BUFFERED, Cors: {AllowOrigins: ['*'], AllowMethods: [GET, PUT],"
      " AllowHeaders: [x-a], ExposeHeaders: [x-b], AllowCredentials: true, MaxAge: 60}}"));
  EXPECT_TRUE(url.is_public);
  ASSERT_TRUE(url.cors);
  EXPECT_EQ(url.cors->allow_origins, Texts{"*"});
  EXPECT_EQ(url.cors->allow_methods, (Texts{"GET", "PUT"}));
  EXPECT_EQ(url.cors->allow_headers, Texts{"x-a"});
  EXPECT_EQ(url.cors->expose_headers, Texts{"x-b"});
  EXPECT_EQ(url.cors->allow_credentials, true);
  EXPECT_EQ(url.cors->max_age_s, 60);
  const auto closed = url_of(read_sam("{AuthType: AWS_IAM}"));
  EXPECT_FALSE(closed.is_public);
  EXPECT_FALSE(closed.cors);
}

TEST(TemplateUrls, OfServerlessMayBeJustTrue) {
  const auto url = url_of(read_serverless("true"));
  EXPECT_TRUE(url.is_public);
  EXPECT_FALSE(url.cors);
  const auto none = read_serverless("false");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none.value().functions.at(0).url);
}

TEST(TemplateUrls, OfServerlessHaveAnAuthorizerAndCors) {
  const auto url = url_of(read_serverless(
      "{authorizer: aws_iam, cors: {allowedOrigins: [https://a.example], maxAge: 5}}"));
  EXPECT_FALSE(url.is_public);
  EXPECT_EQ(url.cors->allow_origins, Texts{"https://a.example"});
  EXPECT_EQ(url.cors->max_age_s, 5);
  EXPECT_EQ(url_of(read_serverless("{cors: true}")).cors->allow_headers.size(), 5U);
  EXPECT_FALSE(url_of(read_serverless("{cors: false}")).cors);
}

TEST(TemplateUrls, ThatCannotBeAreNamed) {
  EXPECT_NE(told(read_sam("{AuthType: NONE, InvokeMode: RESPONSE_STREAM}"))
                .find("F: FunctionUrlConfig: InvokeMode RESPONSE_STREAM"),
            std::string::npos);
  EXPECT_NE(told(read_sam("{AuthType: NONE, Custom: 1}")).find("F: FunctionUrlConfig: Custom"),
            std::string::npos);
  EXPECT_NE(told(read_sam("{}")).find("AuthType of FunctionUrlConfig"), std::string::npos);
  EXPECT_NE(told(read_sam("yes please")).find("must be a map"), std::string::npos);
  EXPECT_NE(told(read_sam("{AuthType: NONE, Cors: {AllowCredentials: 7}}"))
                .find("AllowCredentials must be true or false"),
            std::string::npos);
  EXPECT_NE(told(read_serverless("{authorizer: custom}")).find("must be aws_iam"),
            std::string::npos);
  EXPECT_NE(told(read_serverless("[1]")).find("true, false or a map"), std::string::npos);
  EXPECT_NE(told(read_serverless("{cors: [1]}")).find("cors must be"), std::string::npos);
  EXPECT_NE(told(read_serverless("{invokeMode: RESPONSE_STREAM}")).find("RESPONSE_STREAM"),
            std::string::npos);
}

}  // namespace
}  // namespace proa::templates
