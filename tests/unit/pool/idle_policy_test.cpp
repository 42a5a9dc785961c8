#include "unit/pool/pool_fixture.h"

namespace proa::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST_F(PoolTest, AnIdleEnvironmentIsFrozenAfterItsTimeAndThawedByTheNextCall) {
  const auto f = function("f");
  const auto first = call(f);
  pass(milliseconds(49));
  EXPECT_EQ(pool_->counts().frozen, 0U);
  pass(milliseconds(1));
  EXPECT_EQ(pool_->counts().frozen, 1U);
  auto lease = take(f);
  EXPECT_EQ(lease->environment().id(), first.first);
  model::Invocation invocation;
  invocation.request_id = random_.uuid();
  invocation.payload = "{}";
  const auto result = frames::await(io_, lease->environment().invoke(invocation, lease->start()));
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().payload, "\"done\"");
  EXPECT_FALSE(world_.alive.front()->is_frozen);
}

TEST_F(PoolTest, AnIdleEnvironmentIsRemovedAfterItsTime) {  // BASE-16
  const auto f = function("f");
  call(f);
  pass(minutes(10) - milliseconds(1));
  EXPECT_TRUE(pool_->has_idle(f));
  pass(milliseconds(1));
  EXPECT_FALSE(pool_->has_idle(f));
}

TEST_F(PoolTest, CallsKeepAnEnvironmentAlive) {  // BASE-16
  const auto f = function("f");
  const auto first = call(f);
  for (int i = 0; i < 5; ++i) {
    pass(minutes(9));
    EXPECT_EQ(call(f).first, first.first);
  }
}

TEST_F(PoolTest, TheFunctionsOwnTimesHold) {
  auto f = changed(function("f"), [](auto& version) {
    version.settings.idle_freeze = std::chrono::seconds(5);
    version.settings.idle_remove = std::chrono::seconds(20);
  });
  call(f);
  pass(std::chrono::seconds(4));
  EXPECT_EQ(pool_->counts().frozen, 0U);
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pool_->counts().frozen, 1U);
  pass(std::chrono::seconds(15));
  EXPECT_FALSE(pool_->has_idle(f));
}

TEST_F(PoolTest, WithoutAFreezerEnvironmentsStayAndAreRemovedInTime) {
  world_.can_freeze = false;
  const auto f = function("f");
  call(f);
  pass(minutes(1));
  EXPECT_EQ(pool_->counts().idle, 1U);
  pass(minutes(10));
  EXPECT_FALSE(pool_->has_idle(f));
}

TEST_F(PoolTest, IdleEnvironmentsOfAReplacedVersionGoAtOnceAndLeasedOnesAfterTheirCall) {
  const auto old = function("f");
  auto busy = take(old);
  call(old);
  replaced_[old->revision_id] = true;
  const auto now = changed(old, [](auto& version) { version.tree_id = "new-tree"; });
  pass(milliseconds(1));
  EXPECT_FALSE(pool_->has_idle(old));
  EXPECT_EQ(pool_->counts().leased, 1U);
  EXPECT_NE(call(now).second, model::Start::warm);
  busy.reset();
  pass(milliseconds(1));
  EXPECT_FALSE(pool_->has_idle(old));
  EXPECT_TRUE(pool_->has_idle(now));
}

TEST_F(PoolTest, ABrokenIdleEnvironmentIsSweptAway) {
  const auto f = function("f");
  call(f);
  for (auto* one : world_.alive) {
    if (one->tree_id == "tree-of-f") one->break_down();
  }
  pass(milliseconds(1));
  EXPECT_FALSE(pool_->has_idle(f));
}

}  // namespace
}  // namespace proa::pool
