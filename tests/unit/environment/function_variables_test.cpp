#include "environment/function_variables.h"

#include <gtest/gtest.h>

namespace proa::environment {
namespace {

model::FunctionVersion function() {
  model::FunctionVersion function;
  function.name = "f";
  function.region = "eu-west-1";
  function.runtime = "python3.12";
  function.handler = "app.handler";
  function.memory_mib = 256;
  return function;
}

TEST(FunctionVariables, AreLambdasAndTheUsersAndTheProgramsWhereTheUserSetsNone) {
  auto given = function();
  given.environment = {{"MINE", "1"}, {"PATH", "/mine"}, {"AWS_REGION", "moon-1"}};
  const Variables defaults = {{"PATH", "/bin"}, {"NODE_PATH", "/modules"}};
  const auto variables = function_variables(given, "stream", defaults);
  EXPECT_EQ(variables.at("MINE"), "1");
  EXPECT_EQ(variables.at("PATH"), "/mine");
  EXPECT_EQ(variables.at("NODE_PATH"), "/modules");
  EXPECT_EQ(variables.at("AWS_REGION"), "eu-west-1");
  EXPECT_EQ(variables.at("_HANDLER"), "app.handler");
  EXPECT_EQ(variables.at("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "256");
  EXPECT_EQ(variables.at("AWS_LAMBDA_LOG_GROUP_NAME"), "/aws/lambda/f");
  EXPECT_EQ(variables.at("AWS_LAMBDA_LOG_STREAM_NAME"), "stream");
  EXPECT_EQ(variables.at("AWS_EXECUTION_ENV"), "AWS_Lambda_python3.12");
  EXPECT_EQ(variables.at("TZ"), ":UTC");
}

TEST(LogStreamName, HasDayVersionAndEnvironment) {
  auto given = function();
  given.version = "7";
  const WallTime day{std::chrono::seconds(1'700'000'000)};
  EXPECT_EQ(log_stream_name(given, day, "0abc"), "2023/11/14/[7]0abc");
}

}  // namespace
}  // namespace proa::environment
