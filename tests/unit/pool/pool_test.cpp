#include "unit/pool/pool_fixture.h"

namespace proa::pool {
namespace {

using model::Start;

TEST_F(PoolTest, AnIdleEnvironmentThatHasThisCodeComesFirst) {  // BASE-14, step 1
  const auto f = function("f");
  const auto first = call(f);
  settle();
  ASSERT_GT(pool_->counts().parked, 0U);
  const auto second = call(f);
  EXPECT_EQ(second.second, Start::warm);
  EXPECT_EQ(second.first, first.first);
}

TEST_F(PoolTest, OfIdleEnvironmentsTheMostRecentlyUsedComesFirst) {
  const auto f = function("f");
  auto older = take(f);
  auto newer = take(f);
  const std::string newer_id = newer->environment().id();
  older.reset();
  newer.reset();
  EXPECT_EQ(call(f).first, newer_id);
  EXPECT_EQ(call(f).first, newer_id);
}

TEST_F(PoolTest, AParkedEnvironmentOfTheRuntimeComesBeforeANewOne) {  // BASE-14, step 3
  pool_->park({"python3.11"});
  settle();
  ASSERT_EQ(pool_->counts().parked, 1U);
  const std::size_t made = world_.made;
  const auto lease = take(function("f"));
  EXPECT_EQ(lease->start(), Start::parked);
  EXPECT_EQ(world_.alive.front()->tree_id, "tree-of-f");
  EXPECT_GE(made, 1U);
}

TEST_F(PoolTest, WithoutAnyANewEnvironmentIsStarted) {  // BASE-14, step 4
  const auto lease = take(function("f"));
  EXPECT_EQ(lease->start(), Start::cold);
  EXPECT_EQ(world_.alive.front()->program, "/usr/bin/python3.11");
  ASSERT_TRUE(world_.alive.front()->limits);
  EXPECT_EQ(world_.alive.front()->limits->memory, Bytes::mib(128));
}

TEST_F(PoolTest, AParkedEnvironmentOfAnotherRuntimeOrWithAnotherTmpIsNotTaken) {  // BASE-15
  pool_->park({"python3.11"});
  settle();
  auto node = changed(function("n"), [](auto& version) { version.runtime = "nodejs20.x"; });
  EXPECT_EQ(call(node).second, Start::cold);
  auto large = changed(function("l"), [](auto& version) { version.ephemeral_storage_mib = 1024; });
  EXPECT_EQ(call(large).second, Start::cold);
  bool has_large = false;
  for (const auto* one : world_.alive) has_large = has_large || one->tmp_mib == 1024;
  EXPECT_TRUE(has_large);
}

TEST_F(PoolTest, ABrokenIdleEnvironmentIsNotGivenOutAndItsPlaceIsFreed) {
  const auto f = function("f");
  const auto first = call(f);
  for (auto* one : world_.alive) {
    if (one->tree_id == "tree-of-f") one->break_down();
  }
  const auto second = call(f);
  EXPECT_NE(second.second, Start::warm);
  EXPECT_NE(second.first, first.first);
}

TEST_F(PoolTest, AnEnvironmentThatBreaksWhileLeasedIsNotKept) {
  const auto f = function("f");
  auto lease = take(f);
  for (auto* one : world_.alive) {
    if (one->tree_id == "tree-of-f") one->break_down();
  }
  lease.reset();
  settle();
  EXPECT_EQ(pool_->counts().idle, 0U);
  EXPECT_FALSE(pool_->has_idle(f));
}

TEST_F(PoolTest, AtTheLimitTheEnvironmentThatWasIdleLongestGivesWay) {
  options_.environments_max = 2;
  options_.parked_max = 0;
  make();
  const auto a = function("a");
  const auto b = function("b");
  const auto c = function("c");
  call(a);
  clock_.advance(std::chrono::seconds(1));
  call(b);
  EXPECT_EQ(call(c).second, Start::cold);
  settle();
  EXPECT_FALSE(pool_->has_idle(a));
  EXPECT_TRUE(pool_->has_idle(b));
  EXPECT_TRUE(pool_->has_idle(c));
}

TEST_F(PoolTest, AtTheLimitWithEverythingBusyACallIsThrottledWithLambdasReason) {
  options_.environments_max = 1;
  options_.parked_max = 0;
  make();
  const auto busy = take(function("a"));
  const auto refused = lease(function("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::throttled);
  EXPECT_EQ(refused.error().message(), "ConcurrentInvocationLimitExceeded");
}

TEST_F(PoolTest, AStartThatFailsIsReportedAndLeavesNothing) {
  world_.start_error = Error(Errc::os, "clone: no such luck");
  const auto failed = lease(function("f"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "clone: no such luck");
  settle();
  EXPECT_TRUE(world_.alive.empty());
  world_.start_error.reset();
  EXPECT_EQ(call(function("f")).second, Start::cold);
}

TEST_F(PoolTest, ARuntimeWithoutAnInterpreterIsRefusedByName) {
  auto ruby = changed(function("r"), [](auto& version) { version.runtime = "ruby3.2"; });
  const auto refused = lease(ruby);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::unsupported);
  EXPECT_NE(refused.error().message().find("ruby3.2"), std::string::npos);
}

TEST_F(PoolTest, AParkedEnvironmentThatCannotTakeTheCodeIsGivenUp) {
  pool_->park({"python3.11"});
  settle();
  world_.assign_error = Error(Errc::not_found, "no such tree");
  const auto failed = lease(function("f"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "no such tree");
  settle();
  for (const auto* one : world_.alive) EXPECT_EQ(one->tree_id, "");
}

TEST_F(PoolTest, ALeaseMovesAndGivesBackOnce) {
  const auto f = function("f");
  {
    auto result = lease(f);
    ASSERT_TRUE(result);
    Lease moved(std::move(result.value()));
    EXPECT_EQ(pool_->counts().leased, 1U);
    EXPECT_EQ(pool_->counts().idle, 0U);
  }
  EXPECT_EQ(pool_->counts().leased, 0U);
  EXPECT_EQ(pool_->counts().idle, 1U);
}

TEST_F(PoolTest, ClosingWhileAnEnvironmentStartsWaitsForItAndServesNobody) {
  world_.starts.reset();
  auto pending = frames::begin(io_, pool_->lease(function("f")));
  settle();
  EXPECT_EQ(pool_->counts().starting, 1U);
  auto closing = frames::begin(io_, pool_->close());
  settle();
  world_.starts.set(true);
  settle();
  ASSERT_TRUE(pending->has_value());
  EXPECT_FALSE(pending->value());
  EXPECT_TRUE(frames::finish(io_, closing));
  EXPECT_TRUE(world_.alive.empty());
  EXPECT_FALSE(lease(function("g")));
}

TEST_F(PoolTest, ClosingEndsWhatIsParkedIdleAndFrozen) {
  pool_->park({"nodejs20.x"});
  call(function("f"));
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pool_->counts().frozen, 1U);
  close();
  EXPECT_TRUE(world_.alive.empty());
}

}  // namespace
}  // namespace proa::pool
