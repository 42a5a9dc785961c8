#include "unit/environment/environment_fixture.h"

namespace proa::environment {
namespace {

TEST_F(EnvironmentTest, TheFirstCallReportsItsInitAndTheSecondNone) {
  assign();
  invocation_.wants_log_tail = true;
  clock_.ticks = std::chrono::milliseconds(5);
  const auto first = invoke();
  ASSERT_TRUE(first);
  EXPECT_GT(first.value().init_duration.count(), 0);
  EXPECT_NE(first.value().log_tail.find("Init Duration: "), std::string::npos);
  const auto second = invoke();
  ASSERT_TRUE(second);
  EXPECT_EQ(second.value().init_duration.count(), 0);
  EXPECT_EQ(second.value().log_tail.find("Init Duration: "), std::string::npos);
}

TEST_F(EnvironmentTest, AFailedInitIsRepeatedOnceWithinTheCall) {
  assign();
  world_.init_failures = 1;
  invocation_.wants_log_tail = true;
  const auto result = invoke();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result.value().function_error);
  EXPECT_EQ(sandbox().kills, 1);
  EXPECT_EQ(result.value().init_duration.count(), 0) << "it is a part of the call's duration";
  const std::string& log = result.value().log_tail;
  EXPECT_NE(log.find("INIT_REPORT Init Duration: "), std::string::npos) << log;
  EXPECT_NE(log.find("Phase: init\tStatus: error\n"), std::string::npos) << log;
}

TEST_F(EnvironmentTest, TheSecondFailureOfInitIsTheAnswer) {
  assign();
  world_.init_failures = 2;
  const auto result = invoke();
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().function_error, "Unhandled");
  EXPECT_EQ(result.value().payload, "{\"errorType\":\"Fake.Init\",\"number\":2}");
  EXPECT_EQ(result.value().failure, model::FailureKind::init);
  EXPECT_TRUE(environment_->needs_reset());
}

TEST_F(EnvironmentTest, AFunctionIsInitialisedWithAWholeProcessorAndCalledWithItsShare) {
  using enum sandbox::ProcessorShare;
  assign();
  ASSERT_TRUE(invoke());
  EXPECT_EQ(world_.init_shares, std::vector{of_start});
  EXPECT_EQ(world_.call_shares, std::vector{of_function});
  world_.exits_in_call = true;
  ASSERT_TRUE(invoke().value().function_error);
  ASSERT_TRUE(run(environment_->reset()));
  ASSERT_TRUE(invoke());
  EXPECT_EQ(world_.init_shares, (std::vector{of_start, of_start})) << "a new process starts anew";
  EXPECT_EQ(world_.call_shares, (std::vector{of_function, of_function, of_function}));
}

TEST_F(EnvironmentTest, ARepeatedInitHasAWholeProcessorToo) {
  using enum sandbox::ProcessorShare;
  assign();
  world_.init_failures = 1;
  ASSERT_TRUE(invoke());
  EXPECT_EQ(world_.init_shares, (std::vector{of_start, of_start}));
  EXPECT_EQ(world_.call_shares, std::vector{of_function});
}

TEST_F(EnvironmentTest, NoCallRunsWhereItsShareDoesNotHold) {
  assign();
  world_.share_error = Error(Errc::os, "cpu.max does not take it");
  const auto result = invoke();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::unavailable);
  EXPECT_NE(result.error().message().find("cpu.max"), std::string::npos);
  EXPECT_EQ(world_.calls, 0U);
}

}  // namespace
}  // namespace proa::environment
