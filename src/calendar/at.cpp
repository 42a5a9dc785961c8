#include "calendar/at.h"

#include "calendar/cron.h"

#include <charconv>

namespace proa::calendar {
namespace {

constexpr std::string_view kForm = "0000-00-00T00:00:00";

/// Digits at `begin`, `count` of them.
std::optional<unsigned> digits(std::string_view text, std::size_t begin, std::size_t count) {
  unsigned value = 0;
  const char* const first = text.data() + begin;
  const auto [end, failed] = std::from_chars(first, first + count, value);
  if (failed != std::errc() || end != first + count) return std::nullopt;
  return value;
}

/// "Z", "+01:00"; nothing: it is neither.
std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
  if (text == "Z") return std::chrono::minutes(0);
  const bool has_form = text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
  if (!has_form) return std::nullopt;
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes ahead(*hours * 60 + *minutes);
  return text[0] == '-' ? -ahead : ahead;
}

}  // namespace

std::string shown(std::string_view text) { return "'" + std::string(text.substr(0, 60)) + "'"; }

Result<At> parse_at(std::string_view text) {
  const Error wrong(Errc::invalid, "The time of the at expression, " + shown(text) +
                                       ", is not of the form at(2026-11-26T09:30:00)");
  if (text.size() != kForm.size()) return wrong;
  for (const std::size_t at : {4, 7, 10, 13, 16}) {
    if (text[at] != kForm[at]) return wrong;
  }
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return wrong;
  const int calendar_year = static_cast<int>(*year);
  if (calendar_year < Cron::kFirstYear || calendar_year > Cron::kLastYear) {
    return Error(Errc::invalid,
                 "The year of the at expression, " + shown(text) + ", is not in 1970 to 2199");
  }
  if (!is_date(calendar_year, *month, *day) || *hour > 23 || *minute > 59 || *second > 59) {
    return Error(Errc::invalid, "The time of the at expression, " + shown(text) +
                                    ", is on no calendar or no clock");
  }
  return At{{calendar_year, *month, *day, *hour, *minute, *second}};
}

Result<WallTime> parse_time(std::string_view text, const Zone& zone) {
  const Error wrong(Errc::invalid, shown(text) +
                                       " is no time of the form 2026-11-26T09:30:00, with Z or an "
                                       "offset as +01:00 behind it or nothing");
  const auto at = parse_at(text.substr(0, kForm.size()));
  if (!at) return wrong;
  const CivilTime& civil = at.value().time;
  if (text.size() > kForm.size()) {
    const auto ahead = parse_offset(text.substr(kForm.size()));
    if (!ahead) return wrong;
    return *Zone().first(civil) - *ahead;
  }
  const auto time = zone.first(civil);
  if (time) return *time;
  return Error(Errc::invalid,
               civil.text() + " is a time that clocks of " + zone.name() + " leave out");
}

}  // namespace proa::calendar
