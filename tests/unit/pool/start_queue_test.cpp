#include "pool/start_queue.h"

#include "unit/pool/pool_fixture.h"

namespace proa::pool {
namespace {

/// A pool that may start one environment at a time.
class StartQueueTest : public PoolTest {
 protected:
  void SetUp() override {
    options_.starts.turns = 1;
    options_.parked_max = 0;
    PoolTest::SetUp();
  }
  frames::Outcome<Lease> begin(const model::FunctionPtr& function) {
    auto begun = frames::begin(io_, pool_->lease(function));
    settle();
    return begun;
  }
};

TEST_F(StartQueueTest, NoMoreThanTheTurnsStartAtTheSameTimeAndAllAreServed) {
  const auto f = function("f");
  std::vector<frames::Outcome<Lease>> calls;
  world_.starts.reset();
  for (int i = 0; i < 20; ++i) calls.push_back(begin(f));
  EXPECT_EQ(pool_->counts().starting, 1U);
  EXPECT_EQ(pool_->counts().waiting, 19U);
  world_.starts.set(true);
  for (const auto& call : calls) {
    while (!call->has_value()) io_.run_one();
    EXPECT_TRUE(call->value());
  }
  EXPECT_EQ(world_.starting_most, 1U);
  EXPECT_EQ(world_.made, 20U);
}

TEST_F(StartQueueTest, AWaitingCallTakesAnEnvironmentThatComesBackBeforeItsTurn) {
  const auto f = function("f");
  auto first = take(f);
  const std::string id = first->environment().id();
  world_.starts.reset();
  auto starting = begin(f);
  auto waiting = begin(f);
  ASSERT_EQ(pool_->counts().waiting, 1U);
  first.reset();
  settle();
  ASSERT_TRUE(waiting->has_value());
  ASSERT_TRUE(waiting->value());
  EXPECT_EQ(waiting->value().value().environment().id(), id);
  EXPECT_EQ(waiting->value().value().start(), model::Start::warm);
  EXPECT_FALSE(starting->has_value());
  world_.starts.set(true);
  EXPECT_TRUE(frames::finish(io_, starting));
}

TEST_F(StartQueueTest, AnEnvironmentOfAnotherFunctionIsNotHandedOver) {
  auto other = take(function("other"));
  world_.starts.reset();
  auto starting = begin(function("f"));
  auto waiting = begin(function("f"));
  other.reset();
  settle();
  EXPECT_FALSE(waiting->has_value());
  EXPECT_EQ(pool_->counts().idle, 1U);
  world_.starts.set(true);
  EXPECT_TRUE(frames::finish(io_, starting));
  EXPECT_TRUE(frames::finish(io_, waiting));
}

TEST_F(StartQueueTest, WhoWaitsTooLongIsThrottledAndItsPlaceIsFreed) {
  options_.starts.patience = std::chrono::milliseconds(1);
  make();
  world_.starts.reset();
  auto starting = begin(function("f"));
  auto waiting = begin(function("g"));
  const auto refused = frames::finish(io_, waiting);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::throttled);
  EXPECT_EQ(budget_->environments(), 1U);
  world_.starts.set(true);
  EXPECT_TRUE(frames::finish(io_, starting));
}

TEST_F(StartQueueTest, AStartThatFailsPassesItsTurnOn) {
  world_.starts.reset();
  auto failing = begin(function("f"));
  auto next = begin(function("g"));
  world_.start_error = Error(Errc::os, "no luck");
  world_.starts.set(true);
  EXPECT_FALSE(frames::finish(io_, failing));
  EXPECT_FALSE(frames::finish(io_, next));
  EXPECT_EQ(pool_->counts().waiting, 0U);
}

TEST_F(StartQueueTest, ClosingEndsEveryWait) {
  world_.starts.reset();
  auto starting = begin(function("f"));
  auto waiting = begin(function("g"));
  auto closing = frames::begin(io_, pool_->close());
  settle();
  ASSERT_TRUE(waiting->has_value());
  EXPECT_EQ(waiting->value().error().code(), Errc::unavailable);
  world_.starts.set(true);
  EXPECT_FALSE(frames::finish(io_, starting));
  EXPECT_TRUE(frames::finish(io_, closing));
}

}  // namespace
}  // namespace proa::pool
