#include "calendar/cron_field.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace proa::calendar {
namespace {

constexpr auto kNames = std::to_array<std::string_view>({"ONE", "TWO"});
constexpr CronField kField{"fives", "1 to 5", 1, 5, kNames};

std::vector<unsigned> values(std::string_view text) {
  const auto parsed = parse_values(kField, text);
  EXPECT_TRUE(parsed) << text;
  std::vector<unsigned> list;
  for (unsigned n = 0; parsed && n < 256; ++n) {
    if (parsed.value().test(n)) list.push_back(kField.least + n);
  }
  return list;
}

using Values = std::vector<unsigned>;

TEST(CronField, HasValuesRangesStepsAndListsOfThem) {
  EXPECT_EQ(values("3"), Values{3});
  EXPECT_EQ(values("*"), (Values{1, 2, 3, 4, 5}));
  EXPECT_EQ(values("2-4"), (Values{2, 3, 4}));
  EXPECT_EQ(values("4-2"), (Values{1, 2, 4, 5}));
  EXPECT_EQ(values("*/2"), (Values{1, 3, 5}));
  EXPECT_EQ(values("2/2"), (Values{2, 4}));
  EXPECT_EQ(values("2-5/3"), (Values{2, 5}));
  EXPECT_EQ(values("5,1-2"), (Values{1, 2, 5}));
  EXPECT_EQ(values("ONE-TWO"), (Values{1, 2}));
}

TEST(CronField, RefusesWhatIsNoneOfThem) {
  for (const char* text : {"", "0", "6", "1-", "-1", "1-6", "a", "1,", ",", "1//2", "1/0", "1/x",
                           "1/", "1/6", "THREE", "1 ", "+1", "99999999999"}) {
    const auto parsed = parse_values(kField, text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message().find("The field fives"), std::string::npos);
    EXPECT_NE(parsed.error().message().find("It accepts 1 to 5"), std::string::npos);
  }
}

}  // namespace
}  // namespace proa::calendar
