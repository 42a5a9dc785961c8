// The six fields of a cron expression, as
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html has them.
#include "calendar/cron.h"
#include "calendar/cron_field.h"

#include <algorithm>
#include <array>
#include <vector>

namespace proa::calendar {
namespace {

constexpr auto kMonths = std::to_array<std::string_view>(
    {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"});
constexpr auto kWeekdays =
    std::to_array<std::string_view>({"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"});

constexpr CronField kMinutes{"minutes", "0 to 59, and , - * /", 0, 59};
constexpr CronField kHours{"hours", "0 to 23, and , - * /", 0, 23};
constexpr CronField kDays{"day-of-month", "1 to 31, and , - * / ? L W", 1, 31};
constexpr CronField kMonth{"month", "1 to 12 or JAN to DEC, and , - * /", 1, 12, kMonths};
constexpr CronField kWeekday{
    "day-of-week", "1 to 7 or SUN to SAT, and , - * ? L #", 1, 7, kWeekdays, false};
constexpr CronField kYear{
    "year", "1970 to 2199, and , - * /", Cron::kFirstYear, Cron::kLastYear, {}, true, false};

template <class Bits>
Bits shifted(const CronValues& values, unsigned least) {
  Bits bits = 0;
  for (unsigned n = 0; n + least < sizeof(Bits) * 8; ++n) {
    if (values.test(n)) bits = static_cast<Bits>(bits | Bits{1} << (n + least));
  }
  return bits;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
  return words;
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// L, LW, 15W, or values.
Result<Cron::Days> parse_days(std::string_view text) {
  if (text == "L") return Cron::Days(Cron::LastDay());
  if (text == "LW") return Cron::Days(Cron::LastWorkday());
  if (text.ends_with('W')) {
    const auto day = cron_value(kDays, text.substr(0, text.size() - 1));
    if (!day) return cron_error(kDays, text, "before a W stands one day, as in 15W");
    return Cron::Days(Cron::NearestWorkday{*day});
  }
  if (text.find('L') != std::string_view::npos) return cron_error(kDays, text, "an L stands alone");
  TRY(const auto values, parse_values(kDays, text));
  return Cron::Days(Cron::Listed{shifted<std::uint32_t>(values, kDays.least)});
}

Result<Cron::Days> parse_nth(std::string_view text, std::size_t sharp) {
  const auto weekday = cron_value(kWeekday, text.substr(0, sharp));
  const std::string_view nth = text.substr(sharp + 1);
  const bool is_nth = nth.size() == 1 && nth[0] >= '1' && nth[0] <= '5';
  if (!weekday || !is_nth) {
    return cron_error(kWeekday, text,
                      "with a # it is one day and 1 to 5, as in 3#2 for the second Tuesday");
  }
  return Cron::Days(Cron::NthOf{*weekday - kWeekday.least, static_cast<unsigned>(nth[0] - '0')});
}

/// L, 5L, 3#2, or values.
Result<Cron::Days> parse_weekdays(std::string_view text) {
  if (text == "L") return Cron::Days(Cron::Weekdays{1U << 6U});  // of the week: Saturday
  const std::size_t sharp = text.find('#');
  if (sharp != std::string_view::npos) return parse_nth(text, sharp);
  if (text.ends_with('L')) {
    const auto weekday = cron_value(kWeekday, text.substr(0, text.size() - 1));
    if (!weekday) return cron_error(kWeekday, text, "before an L stands one day, as in 6L or FRIL");
    return Cron::Days(Cron::LastOf{*weekday - kWeekday.least});
  }
  TRY(const auto values, parse_values(kWeekday, text));
  return Cron::Days(Cron::Weekdays{shifted<std::uint8_t>(values, 0)});
}

/// One of the two fields says which days, the other one is ?.
Result<Cron::Days> parse_both(std::string_view days, std::string_view weekdays) {
  if ((days == "?") != (weekdays == "?")) {
    return weekdays == "?" ? parse_days(days) : parse_weekdays(weekdays);
  }
  return Error(Errc::invalid,
               "One of the fields day-of-month and day-of-week of the cron "
               "expression says which days, and the other one must be '?': here "
               "they are '" +
                   std::string(days.substr(0, 60)) + "' and '" +
                   std::string(weekdays.substr(0, 60)) + "'");
}

}  // namespace

Result<Cron> parse_cron(std::string_view fields) {
  std::string written(fields);
  std::transform(written.begin(), written.end(), written.begin(), upper);  // names in any case
  const auto words = words_of(written);
  if (words.size() != 6) {
    return Error(Errc::invalid,
                 "A cron expression has six fields: cron(MINUTES HOURS DAY-OF-MONTH MONTH "
                 "DAY-OF-WEEK YEAR), as cron(0 9 ? * MON-FRI *); here are " +
                     std::to_string(words.size()));
  }
  Cron cron;
  TRY(const auto minutes, parse_values(kMinutes, words[0]));
  cron.minutes = shifted<std::uint64_t>(minutes, kMinutes.least);
  TRY(const auto hours, parse_values(kHours, words[1]));
  cron.hours = shifted<std::uint32_t>(hours, kHours.least);
  TRY(const auto months, parse_values(kMonth, words[3]));
  cron.months = shifted<std::uint16_t>(months, kMonth.least);
  TRY(cron.days, parse_both(words[2], words[4]));
  TRY(const auto years, parse_values(kYear, words[5]));
  for (unsigned n = 0; n <= Cron::kLastYear - Cron::kFirstYear; ++n) {
    if (years.test(n)) cron.years.at(n / 64) |= std::uint64_t{1} << (n % 64);
  }
  return cron;
}

}  // namespace proa::calendar
