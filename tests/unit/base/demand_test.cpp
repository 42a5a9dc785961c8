#include "base/demand.h"

#include <gtest/gtest.h>

namespace proa {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const SteadyTime kStart = SteadyTime(std::chrono::hours(1));

TEST(Demand, NothingIsExpectedBeforeTheFirstArrival) { EXPECT_EQ(Demand().expected(kStart), 0U); }

TEST(Demand, ABurstIsRememberedAtItsSize) {
  Demand demand;
  for (int i = 0; i < 50; ++i) demand.note(kStart);
  EXPECT_EQ(demand.expected(kStart), 50U);
  EXPECT_GE(demand.expected(kStart + seconds(30)), 40U);
}

TEST(Demand, ASteadyStreamCountsAsWhatComesWithinASecond) {
  Demand demand;
  SteadyTime now = kStart;
  for (int i = 0; i < 600; ++i) demand.note(now += milliseconds(100));
  EXPECT_GE(demand.expected(now), 9U);
  EXPECT_LE(demand.expected(now), 12U);
}

TEST(Demand, RareArrivalsCountAsOne) {
  Demand demand;
  SteadyTime now = kStart;
  for (int i = 0; i < 10; ++i) demand.note(now += minutes(1));
  EXPECT_EQ(demand.expected(now), 1U);
}

TEST(Demand, WhatIsNoLongerWantedIsForgotten) {
  Demand demand;
  for (int i = 0; i < 8; ++i) demand.note(kStart);
  std::size_t before = demand.expected(kStart);
  for (int minute = 1; minute <= 20; ++minute) {
    const std::size_t now = demand.expected(kStart + minutes(minute));
    EXPECT_LE(now, before);
    before = now;
  }
  EXPECT_EQ(before, 0U);
}

}  // namespace
}  // namespace proa
