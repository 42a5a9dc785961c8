#include "pool/idle_board.h"

#include <gtest/gtest.h>

namespace proa::pool {
namespace {

TEST(IdleBoard, ShardsOfOneVersionShareTheirCounts) {
  IdleBoard board;
  const auto first = board.of("key");
  first->by_shard[3] = 2;
  EXPECT_EQ(board.of("key"), first);
  EXPECT_EQ(board.of("key")->by_shard[3], 2);
  EXPECT_NE(board.of("other"), first);
}

TEST(IdleBoard, CountsThatNobodyHoldsAreForgotten) {
  IdleBoard board;
  board.of("gone")->by_shard[0] = 7;
  EXPECT_EQ(board.of("gone")->by_shard[0], 0);
}

}  // namespace
}  // namespace proa::pool
