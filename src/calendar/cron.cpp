#include "calendar/cron.h"

#include "calendar/cron_field.h"

#include <bit>

namespace proa::calendar {
namespace {

namespace chrono = std::chrono;

constexpr unsigned kSaturday = 6;

chrono::year_month_day_last last_of(int year, unsigned month) {
  return chrono::year(year) / chrono::month(month) / chrono::last;
}

unsigned days_in(int year, unsigned month) {
  return static_cast<unsigned>(last_of(year, month).day());
}

/// From Sunday, 0.
unsigned weekday_of(int year, unsigned month, unsigned day) {
  const chrono::sys_days date(chrono::year(year) / chrono::month(month) / chrono::day(day));
  return chrono::weekday(date).c_encoding();
}

bool is_workday(unsigned weekday) { return weekday != 0 && weekday != kSaturday; }

constexpr std::uint32_t bit(unsigned n) { return std::uint32_t{1} << n; }

/// The days of one month that a form of the field means.
struct DaysOf {
  int year;
  unsigned month;
  unsigned length = days_in(year, month);

  std::uint32_t operator()(const Cron::Listed& form) const {
    return form.days & (bit(length) | (bit(length) - 1));
  }
  std::uint32_t operator()(const Cron::LastDay&) const { return bit(length); }
  std::uint32_t operator()(const Cron::LastWorkday&) const {
    unsigned day = length;
    while (!is_workday(weekday_of(year, month, day))) --day;
    return bit(day);
  }
  // Never in another month, and nothing where the month has no such day.
  std::uint32_t operator()(const Cron::NearestWorkday& form) const {
    if (form.day > length) return 0;
    const unsigned weekday = weekday_of(year, month, form.day);
    if (weekday == kSaturday) return bit(form.day == 1 ? 3 : form.day - 1);
    if (weekday == 0) return bit(form.day == length ? form.day - 2 : form.day + 1);
    return bit(form.day);
  }
  std::uint32_t operator()(const Cron::Weekdays& form) const {
    std::uint32_t days = 0;
    const unsigned first = weekday_of(year, month, 1);
    for (unsigned day = 1; day <= length; ++day) {
      if ((form.days >> ((first + day - 1) % 7) & 1U) != 0) days |= bit(day);
    }
    return days;
  }
  std::uint32_t operator()(const Cron::LastOf& form) const {
    const unsigned last = weekday_of(year, month, length);
    return bit(length - (last + 7 - form.weekday) % 7);
  }
  std::uint32_t operator()(const Cron::NthOf& form) const {
    const unsigned first = weekday_of(year, month, 1);
    const unsigned day = 1 + (form.weekday + 7 - first) % 7 + 7 * (form.nth - 1);
    return day <= length ? bit(day) : 0;
  }
};

/// The lowest bit from `from` on; nothing: there is none.
std::optional<unsigned> first_bit(std::uint64_t bits, unsigned from) {
  if (from > 63) return std::nullopt;
  const std::uint64_t left = bits >> from << from;
  if (left == 0) return std::nullopt;
  return static_cast<unsigned>(std::countr_zero(left));
}

/// Times of a zone's clocks that fit, in their order.
class Walk {
 public:
  Walk(const Cron& cron, CivilTime from) : cron_(cron), at_(from) { at_.second = 0; }

  /// The first that fits and is not before where it stands; nothing: there is none.
  std::optional<CivilTime> find() {
    while (at_.year <= Cron::kLastYear) {
      if (!settle_month()) continue;
      const auto day = first_bit(cron_.days_of(at_.year, at_.month), at_.day);
      if (!day) {
        begin_month(at_.month + 1);
      } else if (*day != at_.day) {
        begin_day(*day);
      } else if (settle_time()) {
        return at_;
      }
    }
    return std::nullopt;
  }
  void pass() { ++at_.minute; }

 private:
  // False: it stands elsewhere now, look again.
  bool settle_month() {
    const auto month = cron_.has_year(at_.year) ? first_bit(cron_.months, at_.month) : std::nullopt;
    if (!month) {
      ++at_.year;
      begin_month(1);
      return false;
    }
    if (*month != at_.month) begin_month(*month);
    return true;
  }
  bool settle_time() {
    const auto hour = first_bit(cron_.hours, at_.hour);
    if (!hour) {
      begin_day(at_.day + 1);
      return false;
    }
    if (*hour != at_.hour) at_.minute = 0;
    at_.hour = *hour;
    const auto minute = first_bit(cron_.minutes, at_.minute);
    if (!minute) {
      ++at_.hour;
      at_.minute = 0;
      return false;
    }
    at_.minute = *minute;
    return true;
  }
  // Month 13 and day 32 have no bit, so the next one is looked for.
  void begin_month(unsigned month) {
    at_.month = month;
    begin_day(1);
  }
  void begin_day(unsigned day) {
    at_.day = day;
    at_.hour = 0;
    at_.minute = 0;
  }

  const Cron& cron_;
  CivilTime at_;
};

}  // namespace

bool is_date(int year, unsigned month, unsigned day) {
  return (chrono::year(year) / chrono::month(month) / chrono::day(day)).ok();
}

bool Cron::has_year(int year) const {
  if (year < kFirstYear || year > kLastYear) return false;
  const unsigned n = static_cast<unsigned>(year - kFirstYear);
  return (years.at(n / 64) >> (n % 64) & 1U) != 0;
}

std::uint32_t Cron::days_of(int year, unsigned month) const {
  return std::visit(DaysOf{year, month}, days);
}

std::optional<WallTime> next_of(const Cron& cron, WallTime after, const Zone& zone) {
  // What clocks show a second time is before where this begins, or has its first time behind it.
  Walk walk(cron, zone.civil(std::max(after, WallTime())));
  while (const auto civil = walk.find()) {
    const auto time = zone.first(*civil);
    if (time && *time > after) return time;
    walk.pass();
  }
  return std::nullopt;
}

}  // namespace proa::calendar
