#include "base/running_digest.h"

#include <gtest/gtest.h>

namespace proa {
namespace {

TEST(RunningDigest, IsThatOfAllPartsTogether) {
  RunningDigest digest;
  digest.add("a");
  digest.add("");
  digest.add("bc");
  EXPECT_EQ(digest.hex(), to_hex(sha256("abc")));
  digest.restart();
  digest.add("abcd");
  EXPECT_EQ(digest.hex(), to_hex(sha256("abcd")));
}

}  // namespace
}  // namespace proa
