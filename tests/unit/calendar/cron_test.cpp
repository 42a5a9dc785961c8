#include "unit/calendar/next_times.h"

namespace proa::calendar {
namespace {

using std::chrono::hours;

// The examples of EventBridge's and EventBridge Scheduler's user guides.
TEST(Cron, TheExamplesOfTheUserGuidesComeWhenTheySay) {
  EXPECT_EQ(next_times("cron(0 10 * * ? *)", kThursday, 2),
            (Times{"2026-11-26T10:00:00+00:00", "2026-11-27T10:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(15 12 * * ? *)", kThursday, 1), (Times{"2026-11-26T12:15:00+00:00"}));
  EXPECT_EQ(next_times("cron(0 18 ? * MON-FRI *)", {2026, 11, 27, 18, 0, 0}, 1),
            (Times{"2026-11-30T18:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0 8 1 * ? *)", kThursday, 2),
            (Times{"2026-12-01T08:00:00+00:00", "2027-01-01T08:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0/15 * * * ? *)", kThursday, 3),
            (Times{"2026-11-26T09:45:00+00:00", "2026-11-26T10:00:00+00:00",
                   "2026-11-26T10:15:00+00:00"}));
  EXPECT_EQ(next_times("cron(0/10 * ? * MON-FRI *)", kThursday, 1),
            (Times{"2026-11-26T09:40:00+00:00"}));
  EXPECT_EQ(next_times("cron(0/5 8-17 ? * MON-FRI *)", {2026, 11, 27, 17, 55, 0}, 1),
            (Times{"2026-11-30T08:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0/30 20-2 ? * MON-FRI *)", {2026, 11, 26, 23, 30, 0}, 2),
            (Times{"2026-11-27T00:00:00+00:00", "2026-11-27T00:30:00+00:00"}));
  EXPECT_EQ(next_times("cron(15 10 ? * 6L 2026-2027)", kThursday, 3),
            (Times{"2026-11-27T10:15:00+00:00", "2026-12-25T10:15:00+00:00",
                   "2027-01-29T10:15:00+00:00"}));
  EXPECT_EQ(next_times("cron(15 10 ? * 6L 2022-2023)", kThursday, 1), Times{});
  EXPECT_EQ(next_times("cron(0 9 ? * 2#1 *)", kThursday, 2),
            (Times{"2026-12-07T09:00:00+00:00", "2027-01-04T09:00:00+00:00"}));
}

TEST(Cron, LastDaysAreThoseOfTheirMonth) {
  EXPECT_EQ(next_times("cron(0 0 L * ? *)", {2027, 12, 31, 0, 0, 0}, 3),
            (Times{"2028-01-31T00:00:00+00:00", "2028-02-29T00:00:00+00:00",
                   "2028-03-31T00:00:00+00:00"}));
  // The end of January 2027 is a Sunday.
  EXPECT_EQ(next_times("cron(0 0 LW 1 ? *)", kThursday, 1), (Times{"2027-01-29T00:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0 0 ? * L *)", kThursday, 2),
            (Times{"2026-11-28T00:00:00+00:00", "2026-12-05T00:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0 0 ? * thul *)", kThursday, 1), (Times{"2026-12-31T00:00:00+00:00"}));
}

TEST(Cron, TheNearestWorkdayStaysInItsMonth) {
  // The first of August 2026 is a Saturday, the first of November and the 31st of May a Sunday.
  EXPECT_EQ(next_times("cron(0 0 1W 8 ? 2026)", {2026, 1, 1}, 1),
            (Times{"2026-08-03T00:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0 0 1W 11 ? 2026)", {2026, 1, 1}, 1),
            (Times{"2026-11-02T00:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0 0 31W 5 ? 2026)", {2026, 1, 1}, 1),
            (Times{"2026-05-29T00:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0 0 15W 8 ? 2026)", {2026, 1, 1}, 1),
            (Times{"2026-08-14T00:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0 0 31W 2 ? *)", {2026, 1, 1}, 1), Times{});
}

TEST(Cron, TheFifthWeekdayOfAMonthMayNotBeThere) {
  EXPECT_EQ(next_times("cron(0 0 ? * 6#5 *)", kThursday, 2),
            (Times{"2027-01-29T00:00:00+00:00", "2027-04-30T00:00:00+00:00"}));
}

TEST(Cron, RangesGoOnBehindTheEnd) {
  EXPECT_EQ(next_times("cron(0 12 ? * SAT-SUN *)", kThursday, 3),
            (Times{"2026-11-28T12:00:00+00:00", "2026-11-29T12:00:00+00:00",
                   "2026-12-05T12:00:00+00:00"}));
  EXPECT_EQ(next_times("cron(0 0 1 NOV-FEB/2 ? *)", kThursday, 2),
            (Times{"2027-01-01T00:00:00+00:00", "2027-11-01T00:00:00+00:00"}));
}

TEST(Cron, ADayThatNeverIsNeverComes) {
  EXPECT_EQ(next_times("cron(0 0 30 2 ? *)", kThursday, 1), Times{});
  EXPECT_EQ(next_times("cron(0 0 29 2 ? *)", kThursday, 2),
            (Times{"2028-02-29T00:00:00+00:00", "2032-02-29T00:00:00+00:00"}));
}

TEST(Cron, WhatClocksLeaveOutDoesNotCome) {
  EXPECT_EQ(next_times("cron(30 2 * * ? *)", {2026, 3, 28, 0, 0, 0}, 3, "Europe/Berlin"),
            (Times{"2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00",
                   "2026-03-31T02:30:00+02:00"}));
  EXPECT_EQ(next_times("cron(30 2 * * ? *)", {2026, 3, 7, 12, 0, 0}, 2, "America/New_York"),
            (Times{"2026-03-09T02:30:00-04:00", "2026-03-10T02:30:00-04:00"}));
  EXPECT_EQ(next_times("cron(0/30 * * * ? *)", {2026, 3, 29, 1, 0, 0}, 2, "Europe/Berlin"),
            (Times{"2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"}));
  EXPECT_EQ(next_times("at(2026-03-29T02:30:00)", {2026, 3, 1}, 1, "Europe/Berlin"), Times{});
}

TEST(Cron, WhatClocksShowTwiceComesOnce) {
  EXPECT_EQ(next_times("cron(30 2 * * ? *)", {2026, 10, 24, 12, 0, 0}, 2, "Europe/Berlin"),
            (Times{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}));
  EXPECT_EQ(next_times("cron(30 1 * * ? *)", {2026, 10, 31, 12, 0, 0}, 2, "America/New_York"),
            (Times{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"}));
  EXPECT_EQ(next_times("cron(0/30 * * * ? *)", {2026, 10, 25, 1, 30, 0}, 3, "Europe/Berlin"),
            (Times{"2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00",
                   "2026-10-25T03:00:00+01:00"}));
  // Asked in the hour that comes again.
  const Zone berlin = zone_of("Europe/Berlin");
  const WallTime again = berlin.first({2026, 10, 25, 2, 10, 0}).value() + hours(1);
  EXPECT_EQ(berlin.text(again), "2026-10-25T02:10:00+01:00");
  const auto next = parse("cron(0/15 * * * ? *)").next(again, berlin, WallTime());
  EXPECT_EQ(berlin.text(*next), "2026-10-25T03:00:00+01:00");
}

TEST(Cron, LocalTimesFollowTheirZone) {
  EXPECT_EQ(next_times("cron(0 9 * * ? *)", {2026, 10, 24, 0, 0, 0}, 3, "Europe/Berlin"),
            (Times{"2026-10-24T09:00:00+02:00", "2026-10-25T09:00:00+01:00",
                   "2026-10-26T09:00:00+01:00"}));
  EXPECT_EQ(next_times("cron(0 9 * * ? *)", {2026, 10, 24, 0, 0, 0}, 1, "Asia/Kolkata"),
            (Times{"2026-10-24T09:00:00+05:30"}));
}

}  // namespace
}  // namespace proa::calendar
