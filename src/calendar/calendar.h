// The calendar: when something that is written as rate(), cron() or at() comes next.
//
// Nouns: Zone (an IANA time zone, of the system's zoneinfo), CivilTime (what a clock on the wall
// shows), Expression (one of EventBridge's three). Pure: no clock, no state; any thread. `schedule`
// runs functions by it, `cli` shows the next runs, `templates` checks what it finds in a file.
// Local times are EventBridge Scheduler's: one that a change to summer time leaves out does not
// come, one that comes twice counts the first time. Rates count hours of 60 minutes, whatever
// clocks show. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
// Long documents: docs/guides/schedules.md, docs/decisions/0019-schedules.md.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace proa::calendar {

/// What a clock on the wall shows. A value; not every one exists in every zone.
struct CivilTime {
  int year = 1970;
  unsigned month = 1;
  unsigned day = 1;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;

  auto operator<=>(const CivilTime&) const = default;
  /// "2026-11-26T05:22:42"
  std::string text() const;
};

/// A time zone by its IANA name. A value; copies share what was read from the system's file, which
/// is read once in the life of a process.
class Zone {
 public:
  /// UTC.
  Zone();
  /// "Europe/Berlin", "UTC". Errc: invalid (there is no such zone; names it).
  static Result<Zone> find(std::string_view name);
  /// One that was there once, and of which nothing but its name is known: it shows UTC.
  static Zone unknown(std::string name);

  const std::string& name() const { return name_; }
  bool is_known() const { return is_known_; }
  CivilTime civil(WallTime time) const;
  /// When clocks show that for the first time; nothing: they never do.
  std::optional<WallTime> first(const CivilTime& civil) const;
  /// "2026-11-27T09:00:00+01:00"
  std::string text(WallTime time) const;

 private:
  struct Rules;
  Zone(std::string name, std::shared_ptr<const Rules> rules);

  std::string name_;
  std::shared_ptr<const Rules> rules_;  // copies of a zone share them, and any may go last
  bool is_known_ = true;
};

/// "2026-11-26T09:30:00": in `zone`, or with "Z" or "+01:00" behind it. Errc: invalid.
Result<WallTime> parse_time(std::string_view text, const Zone& zone);

/// rate(VALUE UNIT)
struct Rate {
  std::chrono::seconds every{60};
};

/// at(YYYY-MM-DDTHH:MM:SS), once
struct At {
  CivilTime time;
};

/// cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR), as sets of bits.
struct Cron {
  static constexpr int kFirstYear = 1970;
  static constexpr int kLastYear = 2199;
  /// Which days of a month. Each is one form of the field; weekdays count from Sunday, 0.
  struct Listed {
    std::uint32_t days = 0;  ///< bit 1: the first
  };
  struct LastDay {};
  struct LastWorkday {};  ///< from Monday to Friday
  struct NearestWorkday {
    unsigned day = 1;  ///< of the month
  };
  struct Weekdays {
    std::uint8_t days = 0;
  };
  struct LastOf {
    unsigned weekday = 0;
  };
  struct NthOf {
    unsigned weekday = 0;
    unsigned nth = 1;  ///< 1 to 5
  };
  using Days = std::variant<Listed, LastDay, LastWorkday, NearestWorkday, Weekdays, LastOf, NthOf>;

  std::uint64_t minutes = 0;
  std::uint32_t hours = 0;
  std::uint16_t months = 0;  ///< bit 1: January
  Days days = Listed();
  std::array<std::uint64_t, 4> years{};  ///< bit 0 of the first: 1970

  bool has_year(int year) const;
  /// The days of that month, bit 1: the first.
  std::uint32_t days_of(int year, unsigned month) const;
};

/// When something happens. A value.
class Expression {
 public:
  using Form = std::variant<Rate, At, Cron>;

  /// Errc: invalid; the message names the field, what stands in it and what may.
  static Result<Expression> parse(std::string_view text);

  const std::string& text() const { return text_; }
  const Form& form() const { return form_; }
  bool is_once() const { return std::holds_alternative<At>(form_); }
  /// The first time behind `after`; nothing: it never comes again. Rates count from `begin`, which
  /// is their first time; nothing else looks at it.
  std::optional<WallTime> next(WallTime after, const Zone& zone, WallTime begin) const;

 private:
  Expression(std::string text, const Form& form) : text_(std::move(text)), form_(form) {}

  std::string text_;
  Form form_;
};

}  // namespace proa::calendar
