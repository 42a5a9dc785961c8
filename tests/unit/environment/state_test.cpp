#include "environment/state.h"

#include <gtest/gtest.h>

#include <array>

namespace proa::environment {
namespace {

constexpr std::array kAll = {State::provisioning, State::warm,   State::assigned,
                             State::running,      State::frozen, State::resetting,
                             State::terminated};

TEST(State, NothingLeavesTerminatedAndEverythingElseMayEndThere) {
  for (const State other : kAll) {
    EXPECT_FALSE(may_change(State::terminated, other)) << to_string(other);
    EXPECT_EQ(may_change(other, State::terminated), other != State::terminated) << to_string(other);
  }
}

TEST(State, ACallRunsOnlyInAnAssignedEnvironment) {
  for (const State from : kAll) {
    EXPECT_EQ(may_change(from, State::running), from == State::assigned) << to_string(from);
  }
}

TEST(State, AnAssignedEnvironmentNeverBecomesGenericAgain) {
  for (const State from : kAll) {
    EXPECT_EQ(may_change(from, State::warm), from == State::provisioning) << to_string(from);
  }
}

}  // namespace
}  // namespace proa::environment
