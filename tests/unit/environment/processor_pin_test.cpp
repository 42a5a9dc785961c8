#include "environment/processor_pin.h"

#include "support/fake_sandboxes.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proa::environment {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ProcessorPinTest : public ::testing::Test {
 protected:
  /// A call that takes `length`, without waiting for it.
  void call(ProcessorPin& pin, microseconds length) {
    const auto now = std::chrono::steady_clock::now();
    pin.call_begins(now);
    pin.call_ended(now + length);
  }
  void calls(ProcessorPin& pin, int count, microseconds length) {
    for (int i = 0; i < count; ++i) call(pin, length);
  }

  boost::asio::io_context io_{1};
  sandbox::FakeWorld world_{io_.get_executor()};
  sandbox::FakeSandbox sandbox_{io_.get_executor(), world_, {model::Isolation::container, 512}};
  PinWatch watch_{io_.get_executor(), "1", "0-1"};
  ProcessorPin pin_{&watch_, sandbox_};
};

TEST_F(ProcessorPinTest, ShortCallsArePinnedOnceTheyAreTheRule) {
  call(pin_, microseconds(50));
  EXPECT_FALSE(pin_.is_pinned());
  calls(pin_, 60, microseconds(50));
  EXPECT_TRUE(pin_.is_pinned());
  EXPECT_THAT(world_.processors, ElementsAre("1"));
}

TEST_F(ProcessorPinTest, LongCallsNeverAre) {
  calls(pin_, 200, milliseconds(2));
  EXPECT_FALSE(pin_.is_pinned());
  EXPECT_THAT(world_.processors, IsEmpty());
}

TEST_F(ProcessorPinTest, OneLongCallAmongManyShortOnesChangesNothing) {
  for (int i = 0; i < 200; ++i) call(pin_, i % 20 == 0 ? milliseconds(2) : microseconds(50));
  EXPECT_TRUE(pin_.is_pinned());
}

TEST_F(ProcessorPinTest, ACallThatTakesLongIsFreedWhileItRunsAndPinnedAgainByTheNext) {
  calls(pin_, 60, microseconds(50));
  pin_.call_begins(std::chrono::steady_clock::now());
  while (pin_.is_pinned()) ASSERT_EQ(io_.run_one_for(std::chrono::seconds(10)), 1U);
  EXPECT_THAT(world_.processors, ElementsAre("1", "0-1"));
  pin_.call_ended(std::chrono::steady_clock::now());
  pin_.call_begins(std::chrono::steady_clock::now());
  EXPECT_THAT(world_.processors, ElementsAre("1", "0-1", "1"));
}

TEST_F(ProcessorPinTest, ACallThatEndedIsNotFreedLater) {
  calls(pin_, 60, microseconds(50));
  io_.run_for(milliseconds(20));
  EXPECT_TRUE(pin_.is_pinned());
  EXPECT_THAT(world_.processors, ElementsAre("1"));
}

TEST_F(ProcessorPinTest, EachOfManyIsFreedWhenItsOwnTimeIsUp) {
  ProcessorPin other(&watch_, sandbox_);
  calls(pin_, 60, microseconds(50));
  calls(other, 60, microseconds(50));
  const auto now = std::chrono::steady_clock::now();
  pin_.call_begins(now - PinWatch::kFreedAfter);
  other.call_begins(now + std::chrono::hours(1));  // will not be late in this test
  while (pin_.is_pinned()) ASSERT_EQ(io_.run_one_for(std::chrono::seconds(10)), 1U);
  EXPECT_TRUE(other.is_pinned());
}

TEST_F(ProcessorPinTest, ADestroyedOneIsForgotten) {
  {
    ProcessorPin gone(&watch_, sandbox_);
    calls(gone, 60, microseconds(50));
    gone.call_begins(std::chrono::steady_clock::now());
  }
  io_.run_for(milliseconds(20));
  EXPECT_THAT(world_.processors, ElementsAre("1"));
}

TEST_F(ProcessorPinTest, WhereTheHostCannotItIsTriedOnce) {
  world_.can_pin = false;
  calls(pin_, 100, microseconds(50));
  world_.can_pin = true;
  calls(pin_, 100, microseconds(50));
  EXPECT_FALSE(pin_.is_pinned());
  EXPECT_THAT(world_.processors, IsEmpty());
}

TEST_F(ProcessorPinTest, WithoutAWatchNothingIsPinned) {
  ProcessorPin off(nullptr, sandbox_);
  calls(off, 100, microseconds(50));
  EXPECT_FALSE(off.is_pinned());
}

}  // namespace
}  // namespace proa::environment
