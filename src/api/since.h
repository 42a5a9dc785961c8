// "Since when": a time or an age, as people write it. Private to api/.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <string_view>

namespace proa::api {

/// "10m" (a number and s, m, h, d or w: so long before `now`), or a time of RFC 3339, of which the
/// end may be missing: "2026-11-26", "2026-11-26T01:00Z", "2026-11-26T01:00:00.5+01:00". Without a
/// zone it is UTC. Errc: invalid.
Result<WallTime> parse_since(std::string_view text, WallTime now);

}  // namespace proa::api
