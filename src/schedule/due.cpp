#include "schedule/due.h"

#include <algorithm>

namespace proa::schedule {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// A clock that was further ahead than that was wrong.
constexpr hours kSetBackMax{24};

/// So many runs are walked through in one look; a rate's are counted, whatever their number.
constexpr std::size_t kWalkMax = 100'000;

std::string zone_text(const Definition& definition, WallTime time) {
  return definition.zone.text(time) + " (" + definition.zone.name() + ")";
}

/// A rate that was not looked at for long is walked from near its end: the runs before that are
/// counted. Gives how many, and moves `from`.
std::uint64_t skip_rate(const Definition& definition, const Progress& progress, WallTime& from,
                        WallTime now) {
  const auto* const rate = std::get_if<calendar::Rate>(&definition.expression.form());
  if (rate == nullptr) return 0;
  const WallTime last = std::min(now, definition.end.value_or(now));
  const auto kept = rate->every * static_cast<std::int64_t>(kMissedKept + 2);
  if (last - from <= kept || from < progress.begin) return 0;
  const auto skipped =
      (last - kept - progress.begin) / rate->every - (from - progress.begin) / rate->every;
  if (skipped <= 0) return 0;
  from += skipped * rate->every;
  return static_cast<std::uint64_t>(skipped);
}

}  // namespace

bool lacks_zone(const Definition& definition) {
  const bool is_rate = std::holds_alternative<calendar::Rate>(definition.expression.form());
  return !is_rate && !definition.zone.is_known();
}

std::optional<WallTime> next_due(const Definition& definition, const Progress& progress) {
  if (lacks_zone(definition)) return std::nullopt;
  WallTime after = progress.through;
  if (definition.start) after = std::max(after, *definition.start - milliseconds(1));
  const auto next = definition.expression.next(after, definition.zone, progress.begin);
  if (next && definition.end && *next > *definition.end) return std::nullopt;
  return next;
}

Due what_is_due(const Definition& definition, const Progress& progress, WallTime now,
                milliseconds late_max) {
  Due due;
  due.through = progress.through;
  auto next = next_due(definition, progress);
  if (!next || *next > now) return due;
  Progress walk{progress.begin, *next};
  due.missed = skip_rate(definition, progress, walk.through, now);
  std::vector<WallTime> times{walk.through};
  while ((next = next_due(definition, walk)) && *next <= now && times.size() < kWalkMax) {
    walk.through = *next;
    times.push_back(*next);
  }
  const bool is_last = !next || *next > now;  // else the next look goes on here
  const bool is_in_time = now - times.back() <= late_max;
  if (is_last && (is_in_time || definition.missed == MissedPolicy::run_once)) {
    due.run = times.back();
    times.pop_back();
  }
  due.missed += times.size();
  if (!times.empty()) due.through = times.back();
  const auto kept = std::min(times.size(), kMissedKept);
  due.times.assign(times.rbegin(), times.rbegin() + static_cast<std::ptrdiff_t>(kept));
  return due;
}

Progress begin_of(const Definition& definition, WallTime now) {
  Progress progress;
  progress.begin = std::max(now, definition.start.value_or(now));
  // The first run of a rate is at its begin.
  const bool is_rate = std::holds_alternative<calendar::Rate>(definition.expression.form());
  progress.through = is_rate ? progress.begin - milliseconds(1) : now;
  return progress;
}

bool is_same_time(const Definition& one, const Definition& other) {
  return one.expression.text() == other.expression.text() && one.zone.name() == other.zone.name() &&
         one.start == other.start;
}

bool adjust_to_clock(const Definition& definition, Progress& progress, WallTime now) {
  if (progress.through <= now || definition.expression.is_once()) return false;
  if (const auto* const rate = std::get_if<calendar::Rate>(&definition.expression.form())) {
    const bool has_begun = progress.last_run || progress.missed > 0 || progress.failed > 0;
    const auto next = next_due(definition, progress);
    if (!has_begun || !next || *next <= now + rate->every) return false;
    progress.begin = now + rate->every;
    progress.through = now;
    return true;
  }
  if (progress.through - now <= kSetBackMax) return false;
  progress.through = now;
  return true;
}

Result<void> check_comes(const Definition& definition, const Progress& progress, WallTime now) {
  if (definition.start && definition.end && *definition.end <= *definition.start) {
    return Error(Errc::invalid,
                 "The end of the schedule, " + zone_text(definition, *definition.end) +
                     ", is not behind its start, " + zone_text(definition, *definition.start));
  }
  if (const auto* const at = std::get_if<calendar::At>(&definition.expression.form())) {
    const auto time = definition.zone.first(at->time);
    if (!time) {
      return Error(Errc::invalid, at->time.text() + " is a time that clocks of " +
                                      definition.zone.name() + " leave out");
    }
    if (*time <= now) {
      return Error(Errc::invalid, definition.expression.text() + " lies in the past: in " +
                                      definition.zone.name() + " it is " +
                                      definition.zone.civil(now).text());
    }
  }
  if (next_due(definition, progress)) return ok();
  const std::string bounds = definition.start || definition.end ? " between its start and end" : "";
  return Error(Errc::invalid, definition.expression.text() + " never comes" + bounds);
}

}  // namespace proa::schedule
