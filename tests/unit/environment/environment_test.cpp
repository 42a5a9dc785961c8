#include "unit/environment/environment_fixture.h"

namespace proa::environment {
namespace {

TEST_F(EnvironmentTest, FreezesAndIsThawedByTheNextCall) {
  assign();
  ASSERT_TRUE(environment_->freeze());
  EXPECT_EQ(environment_->state(), State::frozen);
  EXPECT_TRUE(sandbox().is_frozen);
  ASSERT_TRUE(invoke());
  EXPECT_FALSE(sandbox().is_frozen);
  EXPECT_EQ(environment_->state(), State::assigned);
}

TEST_F(EnvironmentTest, AHostWithoutAFreezerLeavesItRunning) {
  world_.can_freeze = false;
  assign();
  EXPECT_FALSE(environment_->freeze());
  EXPECT_EQ(environment_->state(), State::assigned);
}

TEST_F(EnvironmentTest, AResetKillsTheRuntimeAndTheNextCallStartsIt) {
  assign();
  ASSERT_TRUE(invoke());
  ASSERT_TRUE(run(environment_->reset()));
  EXPECT_EQ(sandbox().kills, 1);
  EXPECT_EQ(environment_->state(), State::assigned);
  const auto again = invoke();
  ASSERT_TRUE(again);
  EXPECT_FALSE(again.value().function_error);
}

TEST_F(EnvironmentTest, IsBrokenWhenItsSandboxHasEnded) {
  assign();
  EXPECT_FALSE(environment_->is_broken());
  sandbox().break_down();
  EXPECT_TRUE(environment_->is_broken());
}

TEST_F(EnvironmentTest, IsBrokenWhileACallInItIsNotOver) {
  assign();
  world_.answers.reset();
  auto call = frames::begin(io_, environment_->invoke(invocation_, model::Start::warm));
  io_.restart();
  io_.poll();
  EXPECT_EQ(environment_->state(), State::running);
  EXPECT_TRUE(environment_->is_broken()) << "whoever gives the call up must not get it again";
  world_.answers.set(true);
  ASSERT_TRUE(frames::finish<model::InvocationResult>(io_, call));
  EXPECT_FALSE(environment_->is_broken());
}

TEST_F(EnvironmentTest, TellsWhatItDoesAndSinceWhen) {
  make();
  EXPECT_EQ(environment_->report().view.phase, model::Phase::starting);
  ASSERT_TRUE(run(environment_->provision()));
  EXPECT_EQ(environment_->report().view.phase, model::Phase::parked);
  EXPECT_EQ(environment_->report().view.function, "");
  clock_.advance(std::chrono::seconds(5));
  ASSERT_TRUE(run(environment_->assign(function(), program_)));
  world_.answers.reset();
  auto call = frames::begin(io_, environment_->invoke(invocation_, model::Start::parked));
  io_.restart();
  io_.poll();
  clock_.advance(std::chrono::milliseconds(1500));
  const auto busy = environment_->report();
  EXPECT_EQ(busy.view.phase, model::Phase::busy);
  EXPECT_EQ(busy.view.request_id, invocation_.request_id);
  EXPECT_EQ(busy.view.in_phase, std::chrono::milliseconds(1500));
  EXPECT_EQ(busy.view.age, std::chrono::milliseconds(6500));
  EXPECT_EQ(busy.view.start, model::Start::parked);
  EXPECT_EQ(busy.view.calls, 0U);
  EXPECT_EQ(busy.usage().memory, Bytes::mib(30));
  world_.answers.set(true);
  ASSERT_TRUE(frames::finish<model::InvocationResult>(io_, call));
  const auto idle = environment_->report().view;
  EXPECT_EQ(idle.phase, model::Phase::idle);
  EXPECT_EQ(idle.request_id, "");
  EXPECT_EQ(idle.calls, 1U);
  ASSERT_TRUE(environment_->freeze());
  EXPECT_EQ(environment_->report().view.phase, model::Phase::frozen);
}

TEST_F(EnvironmentTest, ClosingTwiceIsNoError) {
  assign();
  EXPECT_TRUE(run(environment_->close()));
  EXPECT_EQ(environment_->state(), State::terminated);
  EXPECT_TRUE(run(environment_->close()));
}

}  // namespace
}  // namespace proa::environment
