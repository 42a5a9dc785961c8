#include "os/mailbox.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace proa::os {
namespace {

TEST(Mailbox, IsTakenWholeAndEmptyAfterwards) {
  Mailbox<std::vector<int>> box;
  EXPECT_EQ(box.put([](std::vector<int>& content) {
    content.push_back(1);
    return content.size();
  }),
            1U);
  box.put([](std::vector<int>& content) { content.push_back(2); });
  std::vector<int> taken;
  box.take(taken);
  EXPECT_EQ(taken, (std::vector<int>{1, 2}));
  taken.clear();
  box.take(taken);
  EXPECT_TRUE(taken.empty());
}

TEST(Mailbox, TheMemoryOfWhatIsGivenIsUsedAgain) {
  Mailbox<std::vector<int>> box;
  std::vector<int> given;
  given.reserve(100);
  const int* memory = given.data();
  box.take(given);
  box.put([](std::vector<int>& content) { content.push_back(1); });
  std::vector<int> taken;
  box.take(taken);
  EXPECT_EQ(taken.data(), memory);
}

TEST(Mailbox, NothingIsLostOrTurnedAroundBetweenTwoThreads) {
  constexpr int kCount = 20'000;
  Mailbox<std::vector<int>> box;
  std::thread putting([&box] {
    for (int i = 0; i < kCount; ++i) {
      box.put([i](std::vector<int>& content) { content.push_back(i); });
    }
  });
  std::vector<int> all;
  while (all.size() < kCount) {
    std::vector<int> taken;
    box.take(taken);
    all.insert(all.end(), taken.begin(), taken.end());
    std::this_thread::yield();
  }
  putting.join();
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(all[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace proa::os
