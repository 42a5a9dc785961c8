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

}  // namespace
}  // namespace proa::environment
