#include "api/since.h"

#include <charconv>
#include <optional>
#include <string>

namespace proa::api {
namespace {

using namespace std::chrono;

constexpr std::int64_t kAgeMax = 100LL * 366 * 24 * 3600;  ///< in seconds; no log is older

Error bad(std::string_view text) {
  return Error(Errc::invalid, "since: '" + std::string(text.substr(0, 100)) +
                                  "' is neither an age (30s, 10m, 2h, 1d, 1w) nor a time "
                                  "(2026-11-26T01:00:00Z)");
}

/// Takes exactly `digits` of them.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  int number = 0;
  if (text.size() < digits || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<WallTime> parse_age(std::string_view text, WallTime now) {
  constexpr std::string_view kUnits = "smhdw";
  constexpr std::int64_t kSeconds[] = {1, 60, 3600, 24 * 3600, 7 * 24 * 3600};
  const std::size_t unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  if (unit == std::string_view::npos) return std::nullopt;
  std::int64_t count = 0;
  const char* const last = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(text.data(), last, count);
  if (error != std::errc() || end != last || count < 0) return std::nullopt;
  if (count > kAgeMax / kSeconds[unit]) return std::nullopt;
  return now - seconds(count * kSeconds[unit]);
}

/// What stands behind the day: nothing, or "THH:MM", perhaps ":SS" and ".FFF".
std::optional<milliseconds> take_clock(std::string_view& text) {
  if (!take(text, 'T') && !take(text, ' ')) return milliseconds(0);
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  milliseconds time = hours(*hour) + minutes(*minute);
  if (!take(text, ':')) return time;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return std::nullopt;
  time += seconds(*second);
  if (!take(text, '.')) return time;
  int scale = 100;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits) {
    time += milliseconds((text.front() - '0') * scale);
    scale /= 10;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  return time;
}

/// "Z", "+01:00", "-0700" or nothing: how far the zone is ahead of UTC.
std::optional<minutes> take_zone(std::string_view& text) {
  if (text.empty() || take(text, 'Z')) return minutes(0);
  const bool is_behind = text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23) return std::nullopt;
  (void)take(text, ':');
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  const minutes ahead = hours(*hour) + minutes(*minute);
  return is_behind ? -ahead : ahead;
}

std::optional<WallTime> parse_time(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || *year < 1970 || *year > 2200 || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(unsigned(*month)),
                            std::chrono::day(unsigned(*day))};
  if (!date.ok()) return std::nullopt;
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  const auto ahead = take_zone(text);
  if (!ahead || !text.empty()) return std::nullopt;
  return WallTime(sys_days(date)) + *clock - *ahead;
}

}  // namespace

Result<WallTime> parse_since(std::string_view text, WallTime now) {
  if (const auto age = parse_age(text, now)) return *age;
  if (const auto time = parse_time(text)) return *time;
  return bad(text);
}

}  // namespace proa::api
