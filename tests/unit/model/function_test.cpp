#include "model/function.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

TEST(FunctionVersion, ItsArnHasNoQualifier) {
  FunctionVersion function;
  function.account_id = "000000000000";
  function.region = "us-east-1";
  function.name = "f";
  EXPECT_EQ(function.unqualified_arn(), "arn:aws:lambda:us-east-1:000000000000:function:f");
}

TEST(FunctionVersion, ItsLogGroupIsNamedAfterItUnlessAnotherWasAskedFor) {
  FunctionVersion function;
  function.name = "f";
  EXPECT_EQ(function.log_group(), "/aws/lambda/f");
  function.logging.group = "/mine";
  EXPECT_EQ(function.log_group(), "/mine");
}

TEST(FunctionVersion, EnvironmentsAreSharedOnlyWithinARevision) {
  FunctionVersion one;
  one.name = "f";
  one.revision_id = "1";
  FunctionVersion two = one;
  EXPECT_EQ(one.environment_key(), two.environment_key());
  two.revision_id = "2";
  EXPECT_NE(one.environment_key(), two.environment_key());
}

}  // namespace
}  // namespace proa::model
