#include "identity/timestamp.h"

#include <gtest/gtest.h>

namespace proa::identity {
namespace {

const WallTime kTime = WallTime(std::chrono::seconds(1440938160));

TEST(Timestamp, ReadsAndWritesBothForms) {
  EXPECT_EQ(parse_timestamp("20150830T123600Z"), kTime);
  EXPECT_EQ(parse_timestamp("Sun, 30 Aug 2015 12:36:00 GMT"), kTime);
  EXPECT_EQ(iso_basic(kTime), "20150830T123600Z");
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "20150830", "20150830T123600+", "20150230T123600Z", "20151330T123600Z",
        "20150830T993600Z", "2015-08-30T12:36Z", "Sun, 30 Aug 2015 12:36:00 CET"}) {
    EXPECT_FALSE(parse_timestamp(text)) << text;
  }
}

TEST(Timestamp, YearsThatSystemTimeCannotHoldAreRefused) {
  EXPECT_TRUE(parse_timestamp("22000101T000000Z"));
  EXPECT_FALSE(parse_timestamp("22010101T000000Z"));
  EXPECT_FALSE(parse_timestamp("99990101T000000Z"));
}

}  // namespace
}  // namespace proa::identity
