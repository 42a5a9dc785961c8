// Which runs are due: pure decisions about one schedule at one moment. Private to schedule/.
#pragma once

#include "schedule/schedule.h"

#include <chrono>
#include <optional>
#include <vector>

namespace proa::schedule {

/// Whether its times are told by a zone of which nothing is known.
bool lacks_zone(const Definition& definition);

/// The first run that is not handled yet; nothing: none comes. Does not look at is_enabled.
std::optional<WallTime> next_due(const Definition& definition, const Progress& progress);

/// What has become due.
struct Due {
  std::optional<WallTime> run;       ///< this one begins now
  std::uint64_t missed = 0;          ///< so many do not
  std::vector<WallTime> times = {};  ///< the latest of those, the last of them first
  WallTime through;                  ///< the last of them, or what it was
};
Due what_is_due(const Definition& definition, const Progress& progress, WallTime now,
                std::chrono::milliseconds late_max);

/// Progress of a schedule whose time is new at `now`.
Progress begin_of(const Definition& definition, WallTime now);

/// Whether both say the same about when.
bool is_same_time(const Definition& one, const Definition& other);

/// The clock says `now`, which may be before what was handled already: it was set back, or was
/// wrong. True: progress was changed.
bool adjust_to_clock(const Definition& definition, Progress& progress, WallTime now);

/// Why it would never run; nothing: it does. Errc: invalid.
Result<void> check_comes(const Definition& definition, const Progress& progress, WallTime now);

}  // namespace proa::schedule
