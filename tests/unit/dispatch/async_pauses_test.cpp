// Lines that pause, and what ends that.
#include "unit/dispatch/queue_fixture.h"

#include <algorithm>

namespace proa::dispatch {
namespace {

class AsyncPausesTest : public QueueFixture {};

TEST_F(AsyncPausesTest, ThrottledEventsWaitAndCountNoAttempt) {  // BASE-9
  int refusals = 3;
  dispatcher_.script = [&](const auto&) -> Result<model::InvocationResult> {
    if (refusals-- > 0) return Error(Errc::throttled, "ConcurrentInvocationLimitExceeded");
    return ScriptedDispatcher::answer("1");
  };
  config().retries_max = 0;
  start();
  send("1");
  ASSERT_TRUE(until([&] { return dispatcher_.payloads.size() == 2; }));  // after a second's pause
  refusals = 0;
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(counts().succeeded, 1U);
  EXPECT_TRUE(letters().empty());
}

TEST_F(AsyncPausesTest, AClockThatIsSetBackHoldsNothingUp) {
  bool has_room = false;
  dispatcher_.script = [&](const auto&) -> Result<model::InvocationResult> {
    if (!has_room) return Error(Errc::throttled, "full");
    return ScriptedDispatcher::answer("1");
  };
  start();
  for (int i = 0; i < 5; ++i) send(std::to_string(i));
  ASSERT_TRUE(until([&] { return counts().waiting == 5; }));
  clock_.back = std::chrono::hours(1);
  has_room = true;
  ASSERT_TRUE(until([&] { return counts().succeeded == 5; }));
}

TEST_F(AsyncPausesTest, AChangeOfTheFunctionEndsItsPause) {
  int refusals = 5;  // pauses of 1, 2, 4, 8 and 16 s: more than this test waits
  dispatcher_.script = [&](const auto&) -> Result<model::InvocationResult> {
    if (refusals-- <= 0) return ScriptedDispatcher::answer("1");
    return Error(Errc::throttled, "ReservedFunctionConcurrentInvocationLimitExceeded");
  };
  start();
  send("1");
  for (std::size_t calls = 1; calls <= 5; ++calls) {
    ASSERT_TRUE(
        until([&] { return dispatcher_.payloads.size() >= calls && counts().running == 0; }));
    ++catalog_.revision;
  }
  EXPECT_TRUE(until([&] { return counts().succeeded == 1; }));
}

TEST_F(AsyncPausesTest, OneFunctionsPauseHoldsNoOtherUp) {
  dispatcher_.script = [](const model::Invocation& invocation) -> Result<model::InvocationResult> {
    if (invocation.payload == "1") return Error(Errc::throttled, "full");
    return ScriptedDispatcher::answer("1");
  };
  start();
  for (int i = 0; i < 20; ++i) send("1", "f");
  for (int i = 0; i < 20; ++i) send("2", "g");
  ASSERT_TRUE(until([&] { return counts().succeeded == 20; }));
  // The line of the other pauses as a whole: it is not tried event by event.
  EXPECT_LE(std::count(dispatcher_.payloads.begin(), dispatcher_.payloads.end(), "1"), 8);
}

}  // namespace
}  // namespace proa::dispatch
