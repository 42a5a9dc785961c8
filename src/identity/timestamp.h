// The two forms of time in signed requests. Private to identity/.
#pragma once

#include "base/units.h"

#include <optional>
#include <string>
#include <string_view>

namespace proa::identity {

/// "20250101T000000Z" (X-Amz-Date) or "Wed, 01 Jan 2025 00:00:00 GMT" (Date); nothing for others.
std::optional<WallTime> parse_timestamp(std::string_view text);
/// "20250101T000000Z".
std::string iso_basic(WallTime time);

}  // namespace proa::identity
