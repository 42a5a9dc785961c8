// Wall time as text, in UTC.
#pragma once

#include "base/units.h"

#include <string>
#include <string_view>

namespace proa {

/// "2026-11-25T17:20:00.123" and `zone` behind it: "Z" (RFC 3339) or "+0000" (as Lambda writes it).
std::string utc_text(WallTime time, std::string_view zone);

}  // namespace proa
