#include "unit/templates/read_back.h"

namespace proa::templates {
namespace {

TEST(Serverless, ReadsFunctionsWithTheProvidersDefaults) {
  const auto read_back = template_of(R"(service: shop
provider:
  name: aws
  runtime: nodejs20.x
  stage: ${opt:stage, 'test'}
  timeout: 20
  environment: {STAGE: '${self:provider.stage}', A: 1}
custom:
  sizes: {test: 512}
package:
  patterns: ['!**', 'src/**']
layers:
  my-libs: {path: libs}
functions:
  order:
    handler: src/order.handler
    memorySize: ${self:custom.sizes.${self:provider.stage}}
    environment: {A: 2}
    layers: [{Ref: MyDashlibsLambdaLayer}]
)");
  EXPECT_EQ(lines(read_back.problems), Lines{});
  ASSERT_EQ(read_back.functions.size(), 1U);
  const TemplateFunction& function = read_back.functions[0];
  EXPECT_EQ(function.name, "shop-test-order");
  EXPECT_EQ(function.runtime, "nodejs20.x");
  EXPECT_EQ(function.memory_mib, 512);
  EXPECT_EQ(function.timeout_s, 20);
  EXPECT_EQ(function.environment.at("STAGE"), "test");
  EXPECT_EQ(function.environment.at("A"), "2");
  EXPECT_EQ(function.layers, Lines{layer_placeholder("my-libs")});
  EXPECT_EQ(function.ignored.back(), "!/src/**");
  ASSERT_EQ(read_back.layers.size(), 1U);
  EXPECT_EQ(read_back.layers[0].name, "shop-test-my-libs");
}

TEST(Serverless, HasTheDefaultsOfServerless) {
  const auto read_back = template_of(
      "service: s\nprovider: {name: aws, runtime: python3.11}\nfunctions: {f: {handler: a.b}}");
  ASSERT_EQ(read_back.functions.size(), 1U);
  EXPECT_EQ(read_back.functions[0].name, "s-dev-f");
  EXPECT_EQ(read_back.functions[0].memory_mib, 1024);
  EXPECT_EQ(read_back.functions[0].timeout_s, 6);
}

TEST(Serverless, EverythingThatProaCannotDoIsNamedWithItsLine) {
  const auto read_back = template_of(R"(service: s
plugins: [serverless-offline]
provider:
  name: aws
  runtime: python3.11
  vpc: {securityGroupIds: [a]}
  iam: {role: x}
functions:
  f:
    handler: a.b
    kmsKeyArn: k
    events: [{httpApi: '*'}]
    environment: {SECRET: '${ssm:/secret}', KEPT: 1}
resources:
  Resources: {Table: {Type: AWS::DynamoDB::Table}}
)");
  EXPECT_EQ(
      lines(read_back.problems),
      (Lines{"2 the file: plugins", "6 provider: vpc", "11 f: kmsKeyArn", "12 f: events: httpApi",
             "13 the variable ${ssm:/secret}", "14 the file: resources"}));
  EXPECT_EQ(lines(read_back.notes), Lines{"7 provider: iam"});
  ASSERT_EQ(read_back.functions.size(), 1U);
  EXPECT_EQ(read_back.functions[0].environment.size(), 1U);
}

}  // namespace
}  // namespace proa::templates
