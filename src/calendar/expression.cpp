#include "calendar/at.h"
#include "calendar/calendar.h"
#include "calendar/cron.h"

#include <array>
#include <charconv>

namespace proa::calendar {
namespace {

using std::chrono::seconds;

constexpr std::size_t kTextMax = 256;  ///< of EventBridge Scheduler
/// The end of 2199, as for cron expressions.
constexpr WallTime kEnd{seconds(7'258'118'400)};
constexpr seconds kLongestRate = std::chrono::hours(24) * 365 * 100;

struct Unit {
  std::string_view singular;
  std::string_view plural;
  seconds length;
};
constexpr auto kUnits = std::to_array<Unit>({{"minute", "minutes", seconds(60)},
                                             {"hour", "hours", seconds(3600)},
                                             {"day", "days", seconds(86400)}});

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<Rate> parse_rate(std::string_view text) {
  const std::string_view words = trimmed(text);
  const std::size_t blank = words.find(' ');
  const auto value = number_of(words.substr(0, blank));
  const std::string_view unit_text =
      blank == std::string_view::npos ? std::string_view() : trimmed(words.substr(blank));
  if (!value || *value == 0) {
    return Error(Errc::invalid, "The value of the rate, " + shown(words.substr(0, blank)) +
                                    ", is no whole number from 1 on: rate(5 minutes) is one");
  }
  for (const Unit& unit : kUnits) {
    if (unit_text != unit.singular && unit_text != unit.plural) continue;
    if (*value > static_cast<std::uint64_t>(kLongestRate / unit.length)) {
      return Error(Errc::invalid, "The value of the rate, " + shown(words.substr(0, blank)) +
                                      ", is more than a hundred years");
    }
    return Rate{unit.length * static_cast<std::int64_t>(*value)};
  }
  return Error(Errc::invalid, "The unit of the rate, " + shown(unit_text) +
                                  ", is none of minute, minutes, hour, hours, day and days");
}

struct NextOf {
  WallTime after;
  const Zone& zone;
  WallTime begin;

  std::optional<WallTime> operator()(const Rate& rate) const {
    if (after < begin) return begin < kEnd ? std::optional(begin) : std::nullopt;
    if (after > kEnd - rate.every) return std::nullopt;
    return begin + ((after - begin) / rate.every + 1) * rate.every;
  }
  std::optional<WallTime> operator()(const At& at) const {
    const auto time = zone.first(at.time);
    return time && *time > after ? time : std::nullopt;
  }
  std::optional<WallTime> operator()(const Cron& cron) const { return next_of(cron, after, zone); }
};

}  // namespace

Result<Expression> Expression::parse(std::string_view text) {
  if (text.size() > kTextMax) {
    return Error(Errc::invalid,
                 "The expression " + shown(text) + "... is longer than 256 characters");
  }
  const std::size_t open = text.find('(');
  const std::string_view kind = text.substr(0, open);
  const bool is_closed = open != std::string_view::npos && text.ends_with(')');
  if (is_closed && (kind == "rate" || kind == "at" || kind == "cron")) {
    const std::string_view inside = text.substr(open + 1, text.size() - open - 2);
    if (kind == "rate") {
      TRY(const Rate rate, parse_rate(inside));
      return Expression(std::string(text), rate);
    }
    if (kind == "at") {
      TRY(const At at, parse_at(inside));
      return Expression(std::string(text), at);
    }
    TRY(const Cron cron, parse_cron(inside));
    return Expression(std::string(text), cron);
  }
  return Error(Errc::invalid, "The expression " + shown(text) +
                                  " is none of rate(5 minutes), cron(0 9 ? * MON-FRI *) and "
                                  "at(2026-11-26T09:30:00)");
}

std::optional<WallTime> Expression::next(WallTime after, const Zone& zone, WallTime begin) const {
  return std::visit(NextOf{after, zone, begin}, form_);
}

}  // namespace proa::calendar
