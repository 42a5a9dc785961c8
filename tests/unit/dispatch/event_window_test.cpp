#include "dispatch/event_window.h"

#include <gtest/gtest.h>

namespace proa::dispatch {
namespace {

/// Looks with the window always full, the processors as idle as `idle` says for that many at once.
template <class Idle>
void run(EventWindow& window, int looks, Idle idle) {
  for (int i = 0; i < looks; ++i) window.look(idle(window.size()), window.size());
}

TEST(EventWindowTest, GrowsToItsMostWhileProcessorsAreIdle) {
  EventWindow window(2, 128);
  EXPECT_EQ(window.size(), 4U);
  run(window, 20, [](std::size_t) { return 0.9; });
  EXPECT_EQ(window.size(), 128U);
}

TEST(EventWindowTest, ShrinksToTheNumberOfProcessorsWhenNoneIsIdle) {
  EventWindow window(2, 128);
  run(window, 20, [](std::size_t) { return 0.9; });
  run(window, 30, [](std::size_t) { return 0.0; });
  EXPECT_EQ(window.size(), 2U);
}

TEST(EventWindowTest, SettlesWhereTheProcessorsAreUsedWell) {
  EventWindow window(2, 128);
  run(window, 200, [](std::size_t size) { return 1 - static_cast<double>(size) / 20; });
  EXPECT_GE(window.size(), 15U);
  EXPECT_LE(window.size(), 25U);
}

TEST(EventWindowTest, AWindowThatIsNotFullDoesNotGrow) {
  EventWindow window(2, 128);
  for (int i = 0; i < 100; ++i) window.look(0.9, 1);
  EXPECT_EQ(window.size(), 4U);
}

TEST(EventWindowTest, ShrinksToWhatThereIsRoomForAndGrowsAgain) {
  EventWindow window(2, 128);
  run(window, 20, [](std::size_t) { return 0.9; });
  window.throttled(5);
  EXPECT_EQ(window.size(), 5U);
  window.throttled(0);
  EXPECT_EQ(window.size(), 1U);
  run(window, 20, [](std::size_t) { return 0.9; });
  EXPECT_EQ(window.size(), 128U);
}

TEST(EventWindowTest, IsNeverMoreThanItMayBe) {
  EventWindow window(8, 3);
  EXPECT_EQ(window.size(), 3U);
  run(window, 20, [](std::size_t) { return 0.9; });
  EXPECT_EQ(window.size(), 3U);
}

}  // namespace
}  // namespace proa::dispatch
