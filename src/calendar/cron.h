// cron(...): its six fields, and the next time that fits them. Private to calendar/.
#pragma once

#include "calendar/calendar.h"

#include <optional>
#include <string_view>

namespace proa::calendar {

/// What stands between the parentheses. Errc: invalid.
Result<Cron> parse_cron(std::string_view fields);

/// The first time behind `after`; nothing: none until the end of 2199.
std::optional<WallTime> next_of(const Cron& cron, WallTime after, const Zone& zone);

/// Whether there is such a day: month 1 to 12, day as that month has it.
bool is_date(int year, unsigned month, unsigned day);

}  // namespace proa::calendar
