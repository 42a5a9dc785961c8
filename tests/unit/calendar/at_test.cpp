#include "unit/calendar/next_times.h"

namespace proa::calendar {
namespace {

std::string utc(std::string_view text, std::string_view zone = "UTC") {
  const auto time = parse_time(text, zone_of(zone));
  return time ? Zone().text(time.value()) : time.error().message();
}

TEST(At, ATimeIsInItsZoneUnlessItSaysOtherwise) {
  EXPECT_EQ(utc("2026-11-26T09:30:00"), "2026-11-26T09:30:00+00:00");
  EXPECT_EQ(utc("2026-11-26T09:30:00", "Europe/Berlin"), "2026-11-26T08:30:00+00:00");
  EXPECT_EQ(utc("2026-11-26T09:30:00Z", "Europe/Berlin"), "2026-11-26T09:30:00+00:00");
  EXPECT_EQ(utc("2026-11-26T09:30:00-05:30", "Europe/Berlin"), "2026-11-26T15:00:00+00:00");
}

TEST(At, WhatIsNoTimeIsRefused) {
  for (const char* text :
       {"", "now", "2026-11-26", "2026-11-26T09:30", "2026-11-31T09:30:00", "2026-11-26T09:30:00z",
        "2026-11-26T09:30:00+1", "2026-11-26T09:30:00.5Z", "2026-11-26T09:30:00+01:60",
        "2026-11-26T-9:30:00"}) {
    EXPECT_TRUE(utc(text).starts_with("'" + std::string(text) + "' is no time")) << utc(text);
  }
  EXPECT_EQ(utc("2026-03-29T02:30:00", "Europe/Berlin"),
            "2026-03-29T02:30:00 is a time that clocks of Europe/Berlin leave out");
}

}  // namespace
}  // namespace proa::calendar
