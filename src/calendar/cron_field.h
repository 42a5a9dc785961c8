// One field of a cron expression: lists of values, ranges and steps. Private to calendar/.
#pragma once

#include "base/result.h"

#include <bitset>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace proa::calendar {

/// What a field may hold.
struct CronField {
  std::string_view name;     ///< as messages call it: "month"
  std::string_view accepts;  ///< "1 to 12 or JAN to DEC, and , - * /"
  unsigned least = 0;
  unsigned most = 0;
  std::span<const std::string_view> names = {};  ///< of `least` and those behind it
  bool has_steps = true;
  bool may_wrap = true;  ///< FRI-MON, 22-4
};

/// Bit n: the value least + n.
using CronValues = std::bitset<256>;

/// The Error for a field: names it, what stands there, what is wrong and what it accepts.
Error cron_error(const CronField& field, std::string_view text, std::string_view wrong);
/// A value of the field, by number or (in capitals) name; nothing: it is none.
std::optional<unsigned> cron_value(const CronField& field, std::string_view text);
/// "*", or values, ranges and steps with commas between. Errc: invalid.
Result<CronValues> parse_values(const CronField& field, std::string_view text);

}  // namespace proa::calendar
