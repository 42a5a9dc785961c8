#include "unit/calendar/next_times.h"

namespace proa::calendar {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Expression, ARateCountsFromItsBegin) {
  const Expression rate = parse("rate(5 minutes)");
  const WallTime begin(hours(480'000) + seconds(7));
  const Zone zone;
  EXPECT_EQ(rate.next(begin - minutes(1), zone, begin), begin);
  EXPECT_EQ(rate.next(begin, zone, begin), begin + minutes(5));
  EXPECT_EQ(rate.next(begin + minutes(4), zone, begin), begin + minutes(5));
  EXPECT_EQ(rate.next(begin + minutes(5), zone, begin), begin + minutes(10));
  EXPECT_EQ(rate.next(begin + hours(1'000'000), zone, begin),
            begin + hours(1'000'000) + minutes(5));
}

TEST(Expression, RatesHaveThreeUnitsInBothNumbers) {
  const WallTime begin(hours(480'000));
  const auto length = [&](std::string_view text) {
    return *parse(text).next(begin, Zone(), begin) - begin;
  };
  EXPECT_EQ(length("rate(1 minute)"), minutes(1));
  EXPECT_EQ(length("rate(2 minutes)"), minutes(2));
  EXPECT_EQ(length("rate(1 hour)"), hours(1));
  EXPECT_EQ(length("rate(12 hours)"), hours(12));
  EXPECT_EQ(length("rate(1 day)"), hours(24));
  EXPECT_EQ(length("rate(7 days)"), hours(24 * 7));
}

TEST(Expression, ADayOfARateIs24HoursWhenClocksAreSet) {
  const Zone berlin = zone_of("Europe/Berlin");
  const WallTime begin = berlin.first({2026, 3, 28, 12, 0, 0}).value();
  const auto next = parse("rate(1 day)").next(begin, berlin, begin);
  EXPECT_EQ(berlin.text(*next), "2026-03-29T13:00:00+02:00");
}

TEST(Expression, AtComesOnce) {
  EXPECT_EQ(next_times("at(2026-11-26T09:30:16)", kThursday, 3),
            (Times{"2026-11-26T09:30:16+00:00"}));
  EXPECT_EQ(next_times("at(2026-11-26T09:30:15)", kThursday, 3), Times{});
  EXPECT_TRUE(parse("at(2026-11-26T09:30:15)").is_once());
  EXPECT_FALSE(parse("rate(1 day)").is_once());
}

TEST(Expression, NothingComesBehindTheYear2199) {
  const WallTime late = Zone().first({2199, 12, 31, 23, 59, 30}).value();
  EXPECT_EQ(parse("cron(* * * * ? *)").next(late, Zone(), late), std::nullopt);
  EXPECT_EQ(parse("rate(1 minute)").next(late, Zone(), WallTime()), std::nullopt);
  EXPECT_EQ(parse("rate(100000 hours)").next(late - hours(1000), Zone(), late - hours(1000)),
            std::nullopt);
}

TEST(Expression, RefusalsSayWhatIsWrong) {
  EXPECT_TRUE(is_refused("every day", "'every day' is none of rate("));
  EXPECT_TRUE(is_refused("cron(0 9 * * ? *", "is none of"));
  EXPECT_TRUE(is_refused("rate(0 minutes)", "value of the rate, '0'"));
  EXPECT_TRUE(is_refused("rate(-1 minutes)", "value of the rate, '-1'"));
  EXPECT_TRUE(is_refused("rate(1.5 hours)", "value of the rate, '1.5'"));
  EXPECT_TRUE(is_refused("rate(5 weeks)", "unit of the rate, 'weeks'"));
  EXPECT_TRUE(is_refused("rate(5)", "unit of the rate, ''"));
  EXPECT_TRUE(is_refused("rate(999999999 days)", "more than a hundred years"));
  EXPECT_TRUE(is_refused("at(2026-11-26 09:30:00)", "'2026-11-26 09:30:00', is not of the form"));
  EXPECT_TRUE(is_refused("at(2026-02-30T09:30:00)", "on no calendar"));
  EXPECT_TRUE(is_refused("at(2026-02-20T24:00:00)", "no clock"));
  EXPECT_TRUE(is_refused("at(2200-02-20T20:00:00)", "1970 to 2199"));
  EXPECT_TRUE(is_refused(std::string(300, 'x'), "longer than 256"));
}

}  // namespace
}  // namespace proa::calendar
