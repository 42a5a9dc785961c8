// Sizes and times as people read and write them. Private to cli/.
#pragma once

#include "base/units.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proa::cli {

/// "731 B", "1.2 KiB", "15 MiB": two or three digits that count.
std::string human_size(std::uint64_t bytes);

/// "12s", "5m", "3h", "2d": the largest unit of which there is one. A time in the future is "0s".
std::string human_age(std::chrono::seconds age);

/// A time as Lambda's API ("2026-11-26T05:22:42.000+0000") and Proa's ("2026-11-26T05:22:42Z")
/// write it, in UTC; nothing for anything else.
std::optional<WallTime> parse_time(std::string_view text);

/// The age of such a time, or the text itself when it is none.
std::string age_of(std::string_view time, WallTime now);

}  // namespace proa::cli
