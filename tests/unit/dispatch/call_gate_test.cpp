#include "dispatch/call_gate.h"

#include "unit/frames/await.h"

#include <gtest/gtest.h>

namespace proa::dispatch {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class CallGateTest : public testing::Test {
 protected:
  using Turn = CallGate::Turn;

  static model::InvocationResult warm(microseconds duration) {
    model::InvocationResult result;
    result.start = model::Start::warm;
    result.duration = duration;
    return result;
  }
  /// A call that runs alone and takes `duration`.
  void run(microseconds duration) {
    auto turn = gate_->try_enter(now_);
    ASSERT_TRUE(turn);
    turn->note(warm(duration), now_);
  }
  std::vector<Turn> take(std::size_t count) {
    std::vector<Turn> turns;
    for (std::size_t i = 0; i < count; ++i) {
      auto turn = gate_->try_enter(now_);
      if (turn) turns.push_back(std::move(*turn));
    }
    return turns;
  }
  static Task<std::shared_ptr<Turn>> waited(std::shared_ptr<CallGate> gate) {
    co_return std::make_shared<Turn>(co_await gate->wait());
  }
  void poll() {
    io_.restart();
    while (io_.poll() > 0) io_.restart();
  }

  boost::asio::io_context io_;
  SteadyTime now_ = std::chrono::steady_clock::now();
  std::shared_ptr<CallGate> gate_ = std::make_shared<CallGate>(io_.get_executor());
};

TEST_F(CallGateTest, CallsThatStartEnvironmentsNeverWait) { EXPECT_EQ(take(50).size(), 50U); }

TEST_F(CallGateTest, OfAShortFunctionFewRunAtOnceAndTheNextGoesWhenOneEnds) {
  run(microseconds(20));
  auto running = take(5);
  ASSERT_EQ(running.size(), CallGate::kAtOnce);
  auto third = frames::begin(io_, waited(gate_));
  auto fourth = frames::begin(io_, waited(gate_));
  poll();
  EXPECT_EQ(gate_->waiting(), 2U);
  running.pop_back();
  poll();
  EXPECT_TRUE(third->has_value());
  EXPECT_FALSE(fourth->has_value());
  EXPECT_TRUE(take(1).empty()) << "the turn that ended was given on";
  third->reset();
  poll();
  EXPECT_TRUE(fourth->has_value());
}

TEST_F(CallGateTest, OfAFunctionThatTakesItsTimeAllRunAtOnce) {
  for (int i = 0; i < 3; ++i) run(milliseconds(5));
  EXPECT_EQ(take(50).size(), 50U);
}

TEST_F(CallGateTest, WhoeverWaitedTooLongGoesAndSoDoAllOthersForAWhile) {
  run(microseconds(20));
  const auto running = take(CallGate::kAtOnce);
  auto third = frames::begin(io_, waited(gate_));
  auto fourth = frames::begin(io_, waited(gate_));
  EXPECT_TRUE(frames::finish(io_, third));
  EXPECT_TRUE(frames::finish(io_, fourth));
  EXPECT_EQ(take(50).size(), 50U);
  now_ += seconds(1);
  EXPECT_EQ(take(50).size(), CallGate::kAtOnce) << "tried again later";
}

TEST_F(CallGateTest, NobodyWaitsForCallsThatRunForLongAlready) {
  run(microseconds(20));
  const auto running = take(CallGate::kAtOnce);
  EXPECT_TRUE(take(1).empty());
  now_ += milliseconds(1);
  EXPECT_EQ(take(1).size(), 1U);
}

TEST_F(CallGateTest, OneSlowCallDoesNotStandForAll) {
  for (int i = 0; i < 20; ++i) run(microseconds(20));
  run(seconds(1));
  EXPECT_EQ(take(50).size(), CallGate::kAtOnce);
}

TEST_F(CallGateTest, AMeasurementOfSlowCallsIsForgottenSoThatAFunctionMayBecomeShort) {
  run(seconds(1));
  now_ += seconds(2);
  EXPECT_EQ(take(50).size(), CallGate::kAtOnce);
}

TEST_F(CallGateTest, AWaitingCallThatIsDestroyedIsForgotten) {
  run(microseconds(20));
  {
    boost::asio::io_context other;
    auto gate = std::make_shared<CallGate>(other.get_executor());
    gate_.swap(gate);
    run(microseconds(20));
    auto running = take(CallGate::kAtOnce);
    frames::begin(other, waited(gate_));
    other.poll();
    ASSERT_EQ(gate_->waiting(), 1U);
    gate_.swap(gate);
    running.clear();
  }
  EXPECT_EQ(take(1).size(), 1U);
}

}  // namespace
}  // namespace proa::dispatch
