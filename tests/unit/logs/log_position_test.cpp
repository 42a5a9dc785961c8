#include "logs/logs.h"

#include <gtest/gtest.h>

namespace proa::logs {
namespace {

TEST(LogPosition, ItsTextReadsBack) {
  const LogPosition last{~std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint32_t{0}};
  for (const LogPosition& position : {LogPosition{}, LogPosition{1735732800000, 4096, 2}, last}) {
    EXPECT_EQ(LogPosition::parse(position.to_text()), position);
  }
  EXPECT_EQ((LogPosition{17, 42, 1}.to_text()), "17-42-1");
}

TEST(LogPosition, OtherTextsAreNone) {
  for (const char* text :
       {"", "-", "--", "1", "1-2", "1-2-", "-1-2-3", "1-2-3-4", "1--2-3", "a-b-c", "1-2-3 ",
        " 1-2-3", "+1-2-3", "18446744073709551616-0-0", "1-2-4294967296", "0x1-2-3"}) {
    EXPECT_FALSE(LogPosition::parse(text)) << text;
  }
}

TEST(LogPosition, OrdersAsEventsFollowEachOther) {
  EXPECT_LT((LogPosition{1, 9, 9}), (LogPosition{2, 0, 0}));
  EXPECT_LT((LogPosition{1, 20, 2}), (LogPosition{1, 21, 1}));
  EXPECT_LT((LogPosition{1, 20, 1}), (LogPosition{1, 20, 2}));
}

}  // namespace
}  // namespace proa::logs
