// Times as people write them: what stands in at(...). Private to calendar/, but for parse_time().
#pragma once

#include "calendar/calendar.h"

#include <string>
#include <string_view>

namespace proa::calendar {

/// What stands between the parentheses. Errc: invalid.
Result<At> parse_at(std::string_view text);

/// The beginning of what was written, quoted: for errors.
std::string shown(std::string_view text);

}  // namespace proa::calendar
