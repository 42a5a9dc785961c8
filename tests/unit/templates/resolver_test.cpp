#include "templates/resolver.h"

#include <gtest/gtest.h>

namespace proa::templates {
namespace {

constexpr const char* kHead = R"(
Parameters:
  Stage: {Default: test}
  Given: {Type: String}
Mappings:
  Sizes: {test: {memory: 256}, prod: {memory: 1024}}
Conditions:
  IsTest: !Equals [!Ref Stage, test]
  IsProd: !Not [!Condition IsTest]
  Either: !Or [!Condition IsProd, !Condition IsTest]
  Both: !And [!Condition IsProd, !Condition IsTest]
  Loop: !Not [!Condition Loop]
Resources:
  Fn: {Type: AWS::Serverless::Function, Properties: {FunctionName: named}}
  Other: {Type: AWS::Lambda::Function}
  Libs: {Type: AWS::Serverless::LayerVersion}
  Role: {Type: AWS::IAM::Role}
  Table: {Type: AWS::DynamoDB::Table}
)";

class ResolverTest : public ::testing::Test {
 protected:
  /// What "v: TEXT" is: a scalar's text, a list in brackets, "(left out)", or the error.
  std::string value(const std::string& text) {
    problems_.clear();
    input_.parameters["Given"] = "given";
    const auto root = read_node(kHead + std::string("Value:\n  v: ") + text + "\n", {});
    if (!root) return root.error().message();
    Resolver resolver(root.value(), input_, problems_);
    const auto started = resolver.start();
    if (!started) return started.error().message();
    const auto resolved = resolver.resolve(*root.value().find("Value")->find("v"));
    if (!resolved) return resolved.error().message();
    if (!resolved.value()) return "(left out)";
    if (resolved.value()->is_scalar()) return resolved.value()->text;
    std::string list;
    for (const Node& item : resolved.value()->items) list += "[" + item.text + "]";
    return list;
  }

  TemplateInput input_;
  std::vector<Problem> problems_;
};

TEST_F(ResolverTest, ReferencesAreParametersAndResources) {
  EXPECT_EQ(value("!Ref Stage"), "test");
  EXPECT_EQ(value("!Ref Given"), "given");
  EXPECT_EQ(value("!Ref AWS::Region"), "us-east-1");
  EXPECT_EQ(value("!Ref Fn"), "named");
  EXPECT_EQ(value("!Ref Other"), "Other");
  EXPECT_EQ(value("!Ref Libs"), layer_placeholder("Libs"));
  EXPECT_EQ(value("!Ref AWS::NoValue"), "(left out)");
  EXPECT_EQ(value("!Ref None"), "line 20: there is no parameter or resource 'None'");
}

TEST_F(ResolverTest, AttributesOfFunctionsAndRoles) {
  EXPECT_EQ(value("!GetAtt Fn.Arn"), "arn:aws:lambda:us-east-1:000000000000:function:named");
  EXPECT_EQ(value("!GetAtt Role.Arn"), "arn:aws:iam::000000000000:role/Role");
}

TEST_F(ResolverTest, WhatProaHasNotGotIsAProblemWithItsLine) {
  EXPECT_EQ(value("!Ref Table"), "(left out)");
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_[0].line, 20U);
  EXPECT_EQ(problems_[0].text, "a reference to Table, which is an AWS::DynamoDB::Table");
  EXPECT_EQ(value("!GetAtt Table.StreamArn"), "(left out)");
  EXPECT_EQ(problems_[0].text,
            "the attribute StreamArn of Table, which is an AWS::DynamoDB::Table");
  EXPECT_EQ(value("!ImportValue x"), "(left out)");
  EXPECT_EQ(problems_[0].text, "the function Fn::ImportValue is not supported by Proa");
  EXPECT_EQ(value("!Sub 'x-${Table}'"), "(left out)");
  EXPECT_EQ(value("!Join ['-', [a, !Ref Table]]"), "(left out)");
}

TEST_F(ResolverTest, TextsArePutTogether) {
  EXPECT_EQ(value("!Sub '${Stage}-${AWS::AccountId}-${!Stage}-${Fn.Arn}'"),
            "test-000000000000-${Stage}-arn:aws:lambda:us-east-1:000000000000:function:named");
  EXPECT_EQ(value("!Sub ['${a}${Stage}', {a: !Ref Given}]"), "giventest");
  EXPECT_EQ(value("!Sub 'open ${'"), "open ${");
  EXPECT_EQ(value("!Join ['-', [a, !Ref Stage]]"), "a-test");
  EXPECT_EQ(value("!Join ['', !Split [',', 'a,b']]"), "ab");
  EXPECT_EQ(value("!Select [1, [a, b]]"), "b");
  EXPECT_EQ(value("!Split [',', 'a,,b']"), "[a][][b]");
  EXPECT_EQ(value("!Select [2, [a, b]]"),
            "line 20: Fn::Select takes a number and a list that has so many");
}

TEST_F(ResolverTest, MapsAndConditions) {
  EXPECT_EQ(value("!FindInMap [Sizes, !Ref Stage, memory]"), "256");
  EXPECT_EQ(value("!FindInMap [Sizes, none, memory]"), "line 20: Fn::FindInMap finds no 'none'");
  EXPECT_EQ(value("!If [IsTest, a, b]"), "a");
  EXPECT_EQ(value("!If [IsProd, a, b]"), "b");
  EXPECT_EQ(value("!If [Either, a, b]"), "a");
  EXPECT_EQ(value("!If [Both, a, b]"), "b");
  EXPECT_EQ(value("!If [IsProd, a, !Ref AWS::NoValue]"), "(left out)");
  EXPECT_NE(value("!If [Loop, a, b]").find("depends on itself"), std::string::npos);
  EXPECT_EQ(value("!If [None, a, b]"), "line 20: there is no condition 'None'");
}

TEST_F(ResolverTest, ParametersMustBeDeclaredAndHaveValues) {
  const auto root = read_node("Parameters:\n  A: {Type: String}\n", {});
  Resolver missing(root.value(), input_, problems_);
  EXPECT_EQ(missing.start().error().message(),
            "line 2: the parameter A has no default: give --parameter A=VALUE");
  input_.parameters = {{"A", "1"}, {"B", "2"}};
  Resolver unknown(root.value(), input_, problems_);
  EXPECT_EQ(unknown.start().error().message(), "the template has no parameter 'B'");
}

TEST_F(ResolverTest, DepthIsBounded) {
  std::string text = "x";
  for (int i = 0; i < 30; ++i) text = "!If [IsTest, " + text + ", y]";
  EXPECT_EQ(value(text), "x");
}

}  // namespace
}  // namespace proa::templates
