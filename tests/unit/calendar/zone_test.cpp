#include "calendar/calendar.h"

#include <gtest/gtest.h>

namespace proa::calendar {
namespace {

using std::chrono::hours;

TEST(Zone, KnowsTheNamesOfIana) {
  for (const char* name :
       {"UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"}) {
    const auto zone = Zone::find(name);
    ASSERT_TRUE(zone) << name;
    EXPECT_EQ(zone.value().name(), name);
  }
}

TEST(Zone, RefusesWhatIsNone) {
  for (const char* name : {"", "Europe", "Europe/Berlim", "/etc/localtime", "../../etc/passwd",
                           "localtime", "right/UTC", "posix/UTC", "file:/etc/passwd",
                           "Fixed/UTC+01:00:00", "zone.tab", "tzdata.zi", "europe/berlin"}) {
    const auto zone = Zone::find(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().code(), Errc::invalid);
    EXPECT_NE(zone.error().message().find("'" + std::string(name) + "'"), std::string::npos);
  }
}

TEST(Zone, TellsWhatClocksShow) {
  const Zone berlin = Zone::find("Europe/Berlin").value();
  const WallTime summer = *Zone().first({2026, 7, 1, 12, 0, 0});
  EXPECT_EQ(berlin.civil(summer), (CivilTime{2026, 7, 1, 14, 0, 0}));
  EXPECT_EQ(berlin.text(summer), "2026-07-01T14:00:00+02:00");
  EXPECT_EQ(Zone::find("America/St_Johns").value().text(summer), "2026-07-01T09:30:00-02:30");
  EXPECT_EQ(berlin.first({2026, 7, 1, 14, 0, 0}), summer);
  EXPECT_EQ((CivilTime{2026, 7, 1, 14, 0, 9}.text()), "2026-07-01T14:00:09");
}

TEST(Zone, ALocalTimeMayComeTwiceOrNever) {
  const Zone berlin = Zone::find("Europe/Berlin").value();
  EXPECT_EQ(berlin.first({2026, 3, 29, 2, 30, 0}), std::nullopt);
  const auto twice = berlin.first({2026, 10, 25, 2, 30, 0});
  ASSERT_TRUE(twice);
  EXPECT_EQ(berlin.civil(*twice), berlin.civil(*twice + hours(1)));
}

}  // namespace
}  // namespace proa::calendar
