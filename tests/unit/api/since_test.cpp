#include "api/since.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

const WallTime kNoon = WallTime(std::chrono::seconds(1'764'158'400));  // 2025-11-26T12:00:00Z

std::int64_t seconds_ago(std::string_view text) {
  const auto since = parse_since(text, kNoon);
  EXPECT_TRUE(since) << text;
  if (!since) return -1;
  return std::chrono::duration_cast<std::chrono::seconds>(kNoon - since.value()).count();
}

TEST(Since, Ages) {
  EXPECT_EQ(seconds_ago("30s"), 30);
  EXPECT_EQ(seconds_ago("10m"), 600);
  EXPECT_EQ(seconds_ago("2h"), 7200);
  EXPECT_EQ(seconds_ago("1d"), 86'400);
  EXPECT_EQ(seconds_ago("1w"), 604'800);
  EXPECT_EQ(seconds_ago("0s"), 0);
}

TEST(Since, Times) {
  EXPECT_EQ(seconds_ago("2025-11-26T12:00:00Z"), 0);
  EXPECT_EQ(seconds_ago("2025-11-26T11:59"), 60);
  EXPECT_EQ(seconds_ago("2025-11-26 11:59:30"), 30);
  EXPECT_EQ(seconds_ago("2025-11-26"), 43'200);
  EXPECT_EQ(seconds_ago("2025-11-26T12:00:00+01:00"), 3600);
  EXPECT_EQ(seconds_ago("2025-11-26T04:30:00-0730"), 0);
  EXPECT_EQ(parse_since("2025-11-26T11:59:59.25Z", kNoon).value(),
            kNoon - std::chrono::milliseconds(750));
  EXPECT_EQ(parse_since("2025-11-26T11:59:59.1234567Z", kNoon).value(),
            kNoon - std::chrono::milliseconds(877));
}

TEST(Since, AnythingElseIsRefusedByName) {
  for (const char* text :
       {"", "m", "10", "-10m", "10 m", "10y", "99999999999999999999s", "999999999w", "yesterday",
        "2025-02-30", "2025-11-26T", "2025-11-26T24:00", "2025-11-26T12:00:00X",
        "2025-11-26T12:00:00.Z", "2025-11-26T12:00:00+1", "0001-01-01", "9999-01-01",
        "2025-11-26Z12:00"}) {
    const auto since = parse_since(text, kNoon);
    EXPECT_FALSE(since) << text;
    if (!since) {
      EXPECT_TRUE(since.error().message().starts_with("since: '" + std::string(text) + "' is"));
    }
  }
}

}  // namespace
}  // namespace proa::api
