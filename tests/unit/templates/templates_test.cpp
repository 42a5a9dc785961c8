#include "templates/templates.h"

#include <gtest/gtest.h>

namespace proa::templates {
namespace {

TEST(Templates, NeitherKindIsRefused) {
  EXPECT_EQ(read_template("a: b", {}).error().message(),
            "it is neither a SAM or CloudFormation template (with Resources) nor a file of the "
            "Serverless Framework (with provider and functions)");
}

TEST(Templates, ProblemsAreInTheOrderOfTheFileAndOnce) {
  const auto read = read_template(R"(Resources:
  B: {Type: AWS::Serverless::Function, Properties: {Runtime: r, Handler: h}}
  T: {Type: AWS::SQS::Queue}
Rules: {a: b}
Globals: {Function: {VpcConfig: {a: b}, Environment: {Variables: {X: !Ref T}}}}
)",
                                  {});
  ASSERT_TRUE(read) << read.error().message();
  std::string lines;
  for (const Problem& each : read.value().problems) lines += std::to_string(each.line) + " ";
  EXPECT_EQ(lines, "3 4 5 5 ");
}

TEST(Templates, PlaceholdersCannotBeWrittenByAccident) {
  EXPECT_NE(layer_placeholder("a"), layer_placeholder("b"));
  EXPECT_EQ(layer_placeholder("a").front(), '\x01');
}

}  // namespace
}  // namespace proa::templates
