#include "cli/human.h"

#include <gtest/gtest.h>

namespace proa::cli {
namespace {

using std::chrono::seconds;

TEST(Human, SizesHaveTheDigitsThatCount) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1024), "1.0 KiB");
  EXPECT_EQ(human_size(15 << 20), "15 MiB");
  EXPECT_EQ(human_size((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(human_size(1ULL << 40), "1.0 TiB");
}

TEST(Human, AgesAreInTheLargestUnit) {
  EXPECT_EQ(human_age(seconds(-5)), "0s");
  EXPECT_EQ(human_age(seconds(59)), "59s");
  EXPECT_EQ(human_age(seconds(60)), "1m");
  EXPECT_EQ(human_age(seconds(3 * 3600 + 59)), "3h");
  EXPECT_EQ(human_age(seconds(400 * 86400)), "400d");
}

TEST(Human, TimesOfLambdaAndOfProa) {
  const auto time = std::chrono::system_clock::from_time_t(1'764'134'562);
  EXPECT_EQ(parse_time("2025-11-26T05:22:42.123+0000"), time);
  EXPECT_EQ(parse_time("2025-11-26T05:22:42Z"), time);
  EXPECT_FALSE(parse_time("2025-11-26T05:22:42+0100"));
  EXPECT_FALSE(parse_time("yesterday"));
  EXPECT_EQ(age_of("2025-11-26T05:22:42Z", time + seconds(120)), "2m");
  EXPECT_EQ(age_of("yesterday", time), "yesterday");
}

}  // namespace
}  // namespace proa::cli
