#include "unit/environment/environment_fixture.h"

namespace proa::environment {
namespace {

TEST_F(EnvironmentTest, TheAnswerCarriesWhatTheCallerIsTold) {
  function_.version = "$LATEST";
  assign();
  const auto result = invoke();
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().payload, "\"done\"");
  EXPECT_FALSE(result.value().function_error);
  EXPECT_FALSE(result.value().failure);
  EXPECT_EQ(result.value().executed_version, "$LATEST");
  EXPECT_EQ(result.value().environment_id, environment_->id());
  EXPECT_EQ(result.value().runtime_identity, "fake1.0");
  EXPECT_EQ(result.value().start, model::Start::cold);
  EXPECT_EQ(result.value().log_tail, "");
  EXPECT_FALSE(environment_->needs_reset());
}

TEST_F(EnvironmentTest, TheAnswerSaysWhatKindOfPlaceItWasAndWithWhichKernel) {
  assign();
  EXPECT_EQ(invoke().value().isolation, model::Isolation::container);
  EXPECT_EQ(invoke().value().kernel, "");
  EXPECT_TRUE(run(environment_->close()));
  isolation_ = function_.settings.isolation = model::Isolation::microvm;
  assign(true);
  EXPECT_EQ(sandbox().program, "/usr/bin/fake") << "before the first call";
  const auto result = invoke();
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().isolation, model::Isolation::microvm);
  EXPECT_EQ(result.value().kernel, "fake");
}

TEST_F(EnvironmentTest, TheTailHoldsStartEndAndReport) {
  assign();
  invocation_.wants_log_tail = true;
  const auto result = invoke();
  ASSERT_TRUE(result);
  const std::string& log = result.value().log_tail;
  const std::string id = invocation_.request_id;
  EXPECT_NE(log.find("START RequestId: " + id + " Version: $LATEST\n"), std::string::npos) << log;
  EXPECT_NE(log.find("END RequestId: " + id + "\nREPORT RequestId: " + id + "\tDuration: "),
            std::string::npos)
      << log;
}

TEST_F(EnvironmentTest, AnAnswerToAnotherIdBreaksTheProtocol) {
  assign();
  world_.answers_to = "99999999-2222-4333-8444-555555555555";
  const auto result = invoke();
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().function_error, "Unhandled");
  EXPECT_NE(result.value().payload.find("Runtime.Unknown"), std::string::npos);
  EXPECT_EQ(result.value().failure, model::FailureKind::protocol);
  EXPECT_TRUE(environment_->needs_reset());
}

TEST_F(EnvironmentTest, ARuntimeThatEndsInACallIsAnExitError) {
  assign();
  world_.exits_in_call = true;
  const auto result = invoke();
  ASSERT_TRUE(result);
  EXPECT_NE(result.value().payload.find("Runtime.ExitError"), std::string::npos);
  EXPECT_NE(result.value().payload.find("Runtime exited without providing a reason"),
            std::string::npos);
  EXPECT_EQ(result.value().failure, model::FailureKind::exit);
  EXPECT_TRUE(environment_->needs_reset());
}

TEST_F(EnvironmentTest, AnEndForLackOfMemoryIsToldApartFromOneWithout) {
  assign();
  for (const auto kind : {model::FailureKind::out_of_memory, model::FailureKind::exit}) {
    world_.exits_in_call = true;
    world_.oom_kills = 1;  // the same one the second time
    const auto result = invoke();
    ASSERT_TRUE(result);
    EXPECT_EQ(result.value().failure, kind);
    ASSERT_TRUE(frames::await(io_, environment_->reset()));
  }
}

TEST_F(EnvironmentTest, ARuntimeThatEndedBetweenCallsIsStartedAnew) {
  assign();
  ASSERT_TRUE(invoke());
  sandbox().end_runtime();
  const auto result = invoke();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result.value().function_error);
  EXPECT_EQ(result.value().payload, "\"done\"");
}

TEST_F(EnvironmentTest, ACallPastItsDeadlineTimesOut) {
  function_.timeout = std::chrono::seconds(1);
  assign();
  world_.answers.reset();
  const auto result = invoke();
  ASSERT_TRUE(result);
  EXPECT_NE(result.value().payload.find("Task timed out after 1.00 seconds"), std::string::npos);
  EXPECT_EQ(result.value().failure, model::FailureKind::timeout);
  EXPECT_TRUE(environment_->needs_reset());
  world_.answers.set(true);  // the fake bootstrap waits for it also when it is killed
}

TEST_F(EnvironmentTest, ASandboxThatCannotBeThawedIsUnavailable) {
  assign();
  ASSERT_TRUE(environment_->freeze());
  world_.fails_thaw = true;
  const auto result = invoke();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::unavailable);
}

TEST_F(EnvironmentTest, EveryCallLeavesItsLinesAndARecord) {
  function_.name = "f";
  function_.memory_mib = 256;
  invocation_.trace_id = "Root=1-0-0";
  assign();
  ASSERT_TRUE(invoke());
  world_.exits_in_call = true;
  ASSERT_TRUE(invoke());
  EXPECT_EQ(log_.entries, (std::vector<std::string>{"init_began fake1.0", "call_began Root=1-0-0",
                                                    "call_ended success", "call_began Root=1-0-0",
                                                    "call_ended error"}));
  EXPECT_EQ(log_.streams.back()->group.name, "/aws/lambda/f");
  EXPECT_EQ(log_.streams.back()->environment_id, environment_->id());
  EXPECT_EQ(logs::to_string(log_.requests.back()), invocation_.request_id);
  ASSERT_EQ(log_.records.size(), 2U);
  EXPECT_EQ(log_.records[0].memory_mib, 256U);
  EXPECT_EQ(log_.records[0].start, model::Start::cold);
  EXPECT_EQ(log_.records[0].runtime_identity, "fake1.0");
  EXPECT_EQ(log_.records[0].error_type, "");
  EXPECT_EQ(log_.records[1].error_type, "Runtime.ExitError");
  EXPECT_EQ(log_.records[1].error_message, "Runtime exited without providing a reason");
  EXPECT_EQ(log_.records[1].trace_id, "Root=1-0-0");
}

TEST_F(EnvironmentTest, ATailInFormatJsonHasThePlatformsEvents) {
  function_.logging.format = model::LogFormat::json;
  assign();
  invocation_.wants_log_tail = true;
  const auto result = invoke();
  ASSERT_TRUE(result);
  const std::string& log = result.value().log_tail;
  EXPECT_NE(log.find("\"type\":\"platform.start\""), std::string::npos) << log;
  EXPECT_NE(log.find("\"type\":\"platform.report\""), std::string::npos) << log;
  EXPECT_EQ(log.find("START"), std::string::npos) << log;
  EXPECT_TRUE(log.ends_with("}\n")) << log;
}

}  // namespace
}  // namespace proa::environment
