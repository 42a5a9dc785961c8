// Expressions and the local times that they come at.
#pragma once

#include "calendar/calendar.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace proa::calendar {

inline Zone zone_of(std::string_view name) { return Zone::find(name).value(); }

inline Expression parse(std::string_view text) {
  auto parsed = Expression::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message());
  return std::move(parsed).value();
}

/// Whether the expression is refused, with `part` in the message.
inline ::testing::AssertionResult is_refused(std::string_view text, std::string_view part) {
  const auto parsed = Expression::parse(text);
  if (parsed) return ::testing::AssertionFailure() << text << " is accepted";
  const Error& error = parsed.error();
  if (error.code() == Errc::invalid && error.message().find(part) != std::string::npos) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << error.message() << "\nlacks: " << part;
}

using Times = std::vector<std::string>;
inline constexpr CivilTime kThursday{2026, 11, 26, 9, 30, 15};

/// The next `count` local times behind a local time.
inline Times next_times(std::string_view text, CivilTime after, std::size_t count,
                        std::string_view zone_name = "UTC") {
  const Zone zone = zone_of(zone_name);
  const Expression expression = parse(text);
  Times times;
  WallTime last = zone.first(after).value();
  while (times.size() < count) {
    const auto next = expression.next(last, zone, WallTime());
    if (!next) break;
    times.push_back(zone.text(*next));
    last = *next;
  }
  return times;
}

}  // namespace proa::calendar
