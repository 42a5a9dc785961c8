#include "base/utc_text.h"

#include <gtest/gtest.h>

namespace proa {
namespace {

WallTime at(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

TEST(UtcTextTest, HasThreeDigitsOfMillisecondsAndTheZoneAsItIsGiven) {
  EXPECT_EQ(utc_text(at(1735689600123), "Z"), "2025-01-01T00:00:00.123Z");
  EXPECT_EQ(utc_text(at(1735689600007), "+0000"), "2025-01-01T00:00:00.007+0000");
  EXPECT_EQ(utc_text(at(0), "Z"), "1970-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace proa
