#include "unit/calendar/next_times.h"

namespace proa::calendar {
namespace {

TEST(ParseCron, RefusalsNameTheFieldAndWhatItAccepts) {
  EXPECT_TRUE(is_refused("cron(0 9 * * ?)", "here are 5"));
  EXPECT_TRUE(is_refused("cron(60 9 * * ? *)", "field minutes"));
  EXPECT_TRUE(is_refused("cron(60 9 * * ? *)", "0 to 59"));
  EXPECT_TRUE(is_refused("cron(0 24 * * ? *)", "field hours"));
  EXPECT_TRUE(is_refused("cron(0 9 32 * ? *)", "field day-of-month"));
  EXPECT_TRUE(is_refused("cron(0 9 * FOO ? *)", "field month"));
  EXPECT_TRUE(is_refused("cron(0 9 ? * 0 *)", "field day-of-week"));
  EXPECT_TRUE(is_refused("cron(0 9 ? * 8 *)", "1 to 7 or SUN to SAT"));
  EXPECT_TRUE(is_refused("cron(0 9 * * ? 1969)", "field year"));
  EXPECT_TRUE(is_refused("cron(0 9 * * ? 2030-2020)", "ends before it begins"));
  EXPECT_TRUE(is_refused("cron(0 9 * * * *)", "must be '?'"));
  EXPECT_TRUE(is_refused("cron(0 9 ? * ? *)", "must be '?'"));
  EXPECT_TRUE(is_refused("cron(? 9 * * ? *)", "field minutes"));
  EXPECT_TRUE(is_refused("cron(0/0 9 * * ? *)", "'0' is no step"));
  EXPECT_TRUE(is_refused("cron(0 9 ? * 2/2 *)", "no steps"));
  EXPECT_TRUE(is_refused("cron(0 9 ? * 3#1,6#3 *)", "one day and 1 to 5"));
  EXPECT_TRUE(is_refused("cron(0 9 ? * 3#6 *)", "one day and 1 to 5"));
  EXPECT_TRUE(is_refused("cron(0 9 1,15W * ? *)", "one day, as in 15W"));
  EXPECT_TRUE(is_refused("cron(0 9 L,15 * ? *)", "stands alone"));
  EXPECT_TRUE(is_refused("cron(0 9 , * ? *)", "field day-of-month"));
}

TEST(ParseCron, RefusalsDoNotGrowWithTheText) {
  const auto parsed = Expression::parse("cron(" + std::string(200, '1') + " 9 , * ? *)");
  ASSERT_FALSE(parsed);
  EXPECT_LT(parsed.error().message().size(), 400U);
}

TEST(ParseCron, NamesAreInAnyCaseAndFieldsAnyBlanksApart) {
  EXPECT_EQ(next_times("cron( 0  9 ?\tjan Mon-fri * )", kThursday, 1),
            (Times{"2027-01-01T09:00:00+00:00"}));
}

}  // namespace
}  // namespace proa::calendar
