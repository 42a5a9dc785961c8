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
  const auto variables = function_variables(given, "stream", defaults, false, nullptr);
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
  EXPECT_FALSE(variables.contains("AWS_LAMBDA_RUNTIME_API"));
  EXPECT_FALSE(variables.contains("AWS_ACCESS_KEY_ID"));
}

TEST(FunctionVariables, SayWhereAndHowToLog) {
  auto given = function();
  given.environment = {{"AWS_LAMBDA_LOG_LEVEL", "WARN"}};
  given.logging.group = "/mine";
  auto variables = function_variables(given, "stream", {}, false, nullptr);
  EXPECT_EQ(variables.at("AWS_LAMBDA_LOG_GROUP_NAME"), "/mine");
  EXPECT_FALSE(variables.contains("AWS_LAMBDA_LOG_FORMAT"));
  EXPECT_EQ(variables.at("AWS_LAMBDA_LOG_LEVEL"), "WARN") << "the function's own with Text";
  given.logging.format = model::LogFormat::json;
  given.logging.application_level = model::LogLevel::error;
  variables = function_variables(given, "stream", {}, false, nullptr);
  EXPECT_EQ(variables.at("AWS_LAMBDA_LOG_FORMAT"), "JSON");
  EXPECT_EQ(variables.at("AWS_LAMBDA_LOG_LEVEL"), "ERROR");
}

TEST(FunctionVariables, OfAnImageStandBehindTheUsersAndSayWhatLambdaDoesNot) {
  auto given = function();
  given.runtime.clear();
  given.environment = {{"MINE", "1"}};
  given.image.emplace().defaults.environment = {
      "PATH=/image", "MINE=2", "LAMBDA_TASK_ROOT=/app", "EQUALS=a=b", "AWS_REGION=moon-1",
      "=x",          "nothing"};
  const auto variables = function_variables(given, "stream", {{"PATH", "/bin"}}, true, nullptr);
  EXPECT_EQ(variables.at("PATH"), "/image");
  EXPECT_EQ(variables.at("MINE"), "1");
  EXPECT_EQ(variables.at("LAMBDA_TASK_ROOT"), "/app");
  EXPECT_EQ(variables.at("EQUALS"), "a=b");
  EXPECT_EQ(variables.at("AWS_REGION"), "eu-west-1");
  EXPECT_FALSE(variables.contains("_HANDLER"));
  EXPECT_FALSE(variables.contains("AWS_EXECUTION_ENV"));
  EXPECT_FALSE(variables.contains(""));
}

TEST(FunctionVariables, NameTheRuntimeApiWhereItIsServed) {
  const auto variables = function_variables(function(), "stream", {}, true, nullptr);
  EXPECT_EQ(variables.at("AWS_LAMBDA_RUNTIME_API"), "127.0.0.1:9001");
}

TEST(FunctionVariables, HoldTheCredentialsOfTheCaller) {
  model::FunctionCaller caller;
  caller.access_key_id = "ASIA1";
  caller.secret_access_key = "secret";
  caller.session_token = "token";
  const auto variables = function_variables(function(), "stream", {}, false, &caller);
  EXPECT_EQ(variables.at("AWS_ENDPOINT_URL_LAMBDA"), "http://127.0.0.1:9002");
  EXPECT_EQ(variables.at("AWS_ACCESS_KEY_ID"), "ASIA1");
  EXPECT_EQ(variables.at("AWS_SECRET_ACCESS_KEY"), "secret");
  EXPECT_EQ(variables.at("AWS_SESSION_TOKEN"), "token");
}

TEST(FunctionVariables, AKeyThatLastsHasNoSessionToken) {
  model::FunctionCaller caller;
  caller.access_key_id = "AKIA1";
  caller.secret_access_key = "secret";
  const auto variables = function_variables(function(), "stream", {}, false, &caller);
  EXPECT_EQ(variables.at("AWS_ACCESS_KEY_ID"), "AKIA1");
  EXPECT_EQ(variables.count("AWS_SESSION_TOKEN"), 0U) << "an empty one would be sent";
}

}  // namespace
}  // namespace proa::environment
