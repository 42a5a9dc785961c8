#include "unit/environment/environment_fixture.h"

namespace proa::environment {
namespace {

TEST_F(EnvironmentTest, AnInterpreterIsStartedAheadOfItsFunction) {
  make();
  ASSERT_TRUE(run(environment_->provision()));
  EXPECT_EQ(environment_->state(), State::warm);
  EXPECT_EQ(sandbox().program, "/usr/bin/fake");
  EXPECT_EQ(environment_->function(), nullptr);
}

TEST_F(EnvironmentTest, ABareEnvironmentStartsNothingAheadOfItsFunction) {
  make(true);
  ASSERT_TRUE(run(environment_->provision()));
  EXPECT_EQ(environment_->state(), State::warm);
  EXPECT_EQ(sandbox().program, "");
}

TEST_F(EnvironmentTest, AssigningSetsLimitsAndMountsCode) {
  function_.memory_mib = 300;
  function_.tree_id = "tree";
  function_.settings.network = model::NetworkPolicy::lan;
  assign();
  EXPECT_EQ(environment_->state(), State::assigned);
  ASSERT_TRUE(sandbox().limits);
  EXPECT_EQ(sandbox().limits->memory, Bytes::mib(300));
  EXPECT_EQ(sandbox().limits->memory_mib, 300U);
  EXPECT_EQ(sandbox().limits->network, model::NetworkPolicy::lan);
  EXPECT_EQ(sandbox().tree_id, "tree");
}

TEST_F(EnvironmentTest, ASandboxIsToldWhatMayRunInItAlready) {
  function_.account_id = "111111111111";
  assign();
  EXPECT_EQ(sandbox().account_id, "111111111111");
  ASSERT_TRUE(sandbox().parked);
  EXPECT_EQ(*sandbox().parked, program_.command);
}

TEST_F(EnvironmentTest, WhatNeedsItsOwnStartRunsInNoCopy) {
  function_.environment = {{"PYTHONOPTIMIZE", "2"}};
  assign(true);
  EXPECT_FALSE(sandbox().parked);
}

TEST_F(EnvironmentTest, ACopyIsRestoredAndItsRuntimeIsToldSo) {
  assign();
  const auto cold = invoke();
  ASSERT_TRUE(cold);
  EXPECT_EQ(cold.value().start, model::Start::cold);
  EXPECT_EQ(world_.configuration.find("restored"), std::string::npos);
  EXPECT_TRUE(run(environment_->close()));
  world_.makes_copies = true;
  assign();
  const auto restored = invoke();
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored.value().start, model::Start::restored);
  EXPECT_NE(world_.configuration.find("\"restored\":true"), std::string::npos);
}

TEST_F(EnvironmentTest, AMachineThatExpectsAFunctionRehearsesAndHasItsProcessWhenItComes) {
  isolation_ = function_.settings.isolation = model::Isolation::microvm;
  expect_ = {.memory_mib = 256, .kernel = "net", .account_id = "111111111111"};
  make();
  ASSERT_TRUE(run(environment_->provision()));
  ASSERT_TRUE(sandbox().expected);
  EXPECT_EQ(sandbox().expected->limits.memory, Bytes::mib(256));
  EXPECT_EQ(sandbox().expected->kernel, "net");
  EXPECT_EQ(sandbox().expected->account_id, "111111111111");
  ASSERT_TRUE(sandbox().expected->parked);
  EXPECT_EQ(*sandbox().expected->parked, program_.command);
  EXPECT_EQ(sandbox().rehearsals, 1);
  world_.makes_copies = true;
  sandbox().program.clear();
  ASSERT_TRUE(run(environment_->assign(function(), program_)));
  EXPECT_EQ(sandbox().program, "") << "it runs already";
  const auto answered = run(environment_->invoke(invocation_, model::Start::parked));
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered.value().start, model::Start::parked);
  EXPECT_NE(world_.configuration.find("\"restored\":true"), std::string::npos);
}

TEST_F(EnvironmentTest, AContainerRehearsesNothing) {
  make();
  ASSERT_TRUE(run(environment_->provision()));
  EXPECT_FALSE(sandbox().expected);
  EXPECT_EQ(sandbox().rehearsals, 0);
}

TEST_F(EnvironmentTest, AFailedStartIsTheError) {
  world_.start_error = Error(Errc::exhausted, "no more slots");
  make();
  const auto result = run(environment_->provision());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::exhausted);
}

TEST_F(EnvironmentTest, AFunctionThatNeedsItsOwnStartGetsItsVariablesFromTheFirstCallOn) {
  function_.environment = {{"PYTHONOPTIMIZE", "2"}};
  assign(true);
  EXPECT_EQ(sandbox().program, "");
  ASSERT_TRUE(invoke());
  EXPECT_EQ(sandbox().program, "/usr/bin/fake");
}

}  // namespace
}  // namespace proa::environment
