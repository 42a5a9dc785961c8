// Schedules as they lie in the store. Private to schedule/.
//
// Bucket "schedules", key ACCOUNT/REGION/NAME: what a user said.
//   {"format": 1, "account_id", "region", "name", "function" (an ARN), "expression", "timezone",
//    "input" (JSON as text), "description", "is_enabled", "missed": "skip" or "run-once",
//    "start_ms" and "end_ms" (if said), "created_ms", "updated_ms", "revision"}
// Bucket "schedule_progress", same key: what has come of it, small because each run writes it.
//   {"format": 1, "begin_ms", "through_ms", "intended_ms" (if there is one), "last_run": {"due_ms",
//    "queued_ms", "request_id"}, "failure": {"due_ms", "at_ms", "reason"} (both if there was one),
//    "runs", "failed", "missed", "missed_ms": [...]}
#pragma once

#include "schedule/schedule.h"

#include <string>
#include <string_view>

namespace proa::schedule {

inline constexpr std::string_view kBucket = "schedules";
inline constexpr std::string_view kProgressBucket = "schedule_progress";

std::string record_key(const Name& name);
/// Without its progress.
std::string encode(const Schedule& schedule);
std::string encode(const Progress& progress);
/// Errc: corrupt (names the record), unsupported (written by a newer Proa).
Result<Schedule> decode_schedule(std::string_view key, std::string_view bytes);
/// Errc: likewise.
Result<Progress> decode_progress(std::string_view key, std::string_view bytes);

}  // namespace proa::schedule
