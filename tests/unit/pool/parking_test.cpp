#include "unit/pool/pool_fixture.h"

namespace proa::pool {
namespace {

using model::Start;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(PoolTest, OneOfEachRuntimeIsParkedFromTheStart) {  // BASE-20
  pool_->keep_parked({programs_.find("python3.11").value(), programs_.find("nodejs20.x").value()});
  settle();
  EXPECT_EQ(pool_->counts().parked, 2U);
  EXPECT_EQ(call(function("f")).second, Start::parked);
}

TEST_F(PoolTest, TheFirstCallTakesTheOneThatIsJustBeingParked) {
  world_.starts.reset();
  pool_->keep_parked({programs_.find("python3.11").value()});
  settle();
  auto first = frames::begin(io_, pool_->lease(function("f")));
  auto second = frames::begin(io_, pool_->lease(function("g")));
  settle();
  world_.starts.set(true);
  settle();
  ASSERT_TRUE(first->has_value() && first->value());
  EXPECT_EQ(first->value().value().start(), Start::parked);
  ASSERT_TRUE(second->has_value() && second->value());
  EXPECT_EQ(second->value().value().start(), Start::cold);
}

TEST_F(PoolTest, ACallDoesNotWaitForAParkedOneThatFailsToStart) {
  world_.starts.reset();
  pool_->keep_parked({programs_.find("python3.11").value()});
  settle();
  auto call = frames::begin(io_, pool_->lease(function("f")));
  settle();
  EXPECT_EQ(pool_->counts().waiting, 1U);
  world_.alive.front()->fails_start = true;
  world_.starts.set(true);
  settle();
  ASSERT_TRUE(call->has_value() && call->value());
  EXPECT_EQ(call->value().value().start(), Start::cold);
}

TEST_F(PoolTest, AfterABurstAsManyAreParkedAsWereWantedAtOnce) {  // BASE-20
  std::vector<std::unique_ptr<Lease>> burst;
  for (int i = 0; i < 5; ++i) burst.push_back(take(function("f" + std::to_string(i))));
  settle();
  EXPECT_EQ(pool_->counts().parked, 5U);
}

TEST_F(PoolTest, NoMoreAreParkedThanTheLimitHoweverLargeTheBurst) {
  options_.parked_max = 3;
  make();
  std::vector<std::unique_ptr<Lease>> burst;
  for (int i = 0; i < 20; ++i) burst.push_back(take(function("f" + std::to_string(i))));
  settle();
  EXPECT_EQ(pool_->counts().parked, 3U);
}

TEST_F(PoolTest, ParkedEnvironmentsShrinkWhenUnusedToTheOneThatIsKept) {  // BASE-20
  park("python3.11");
  std::vector<std::unique_ptr<Lease>> burst;
  for (int i = 0; i < 6; ++i) burst.push_back(take(function("f" + std::to_string(i))));
  burst.clear();
  settle();
  const std::size_t before = pool_->counts().parked;
  EXPECT_GE(before, 6U);
  pass(minutes(3));
  const std::size_t later = pool_->counts().parked;
  EXPECT_LT(later, before);
  EXPECT_GE(later, 1U);
  pass(minutes(30));
  EXPECT_EQ(pool_->counts().parked, 1U);
}

TEST_F(PoolTest, ParkingIsOffWithALimitOfNone) {
  options_.parked_max = 0;
  make();
  park("python3.11");
  EXPECT_EQ(call(function("f")).second, Start::cold);
  settle();
  EXPECT_EQ(pool_->counts().parked, 0U);
}

TEST_F(PoolTest, ParkedEnvironmentsMakeRoomForCallsAndComeBackWhenItIsQuiet) {
  budget_options_.environments_max = 2;
  make();
  park("nodejs20.x");
  const auto first = take(function("f"));
  ASSERT_EQ(first->start(), Start::cold);
  EXPECT_EQ(pool_->counts().parked, 1U);
  auto second = take(function("g"));
  EXPECT_EQ(pool_->counts().parked, 0U);
  second.reset();
  replaced_["revision-2"] = true;
  pass(seconds(1));
  EXPECT_EQ(pool_->counts().parked, 0U);
  pass(seconds(11));
  EXPECT_EQ(pool_->counts().parked, 1U);
}

TEST_F(PoolTest, NothingIsParkedWhenTheHostIsShortOfMemory) {
  host_.memory_available = Bytes::mib(260);
  park("python3.11");
  EXPECT_EQ(pool_->counts().parked, 0U);
  host_.memory_available = Bytes::mib(4096);
  pass(seconds(11));
  EXPECT_EQ(pool_->counts().parked, 1U);
}

TEST_F(PoolTest, AnInterpreterThatDoesNotStartIsTriedMoreAndMoreRarely) {
  world_.start_error = Error(Errc::unavailable, "does not start");
  park("python3.11");
  for (int i = 0; i < 60; ++i) pass(seconds(1));
  EXPECT_LE(world_.made, 6U);
  EXPECT_GE(world_.made, 4U);
  world_.start_error.reset();
  for (int i = 0; i < 70; ++i) pass(seconds(1));
  EXPECT_EQ(pool_->counts().parked, 1U);
}

TEST_F(PoolTest, ABrokenParkedEnvironmentIsReplaced) {
  park("python3.11");
  world_.alive.front()->break_down();
  pass(seconds(5));
  EXPECT_EQ(pool_->counts().parked, 1U);
  EXPECT_EQ(world_.made, 2U);
}

}  // namespace
}  // namespace proa::pool
