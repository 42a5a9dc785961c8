// What a function is sent by a schedule. Private to schedule/.
#pragma once

#include "schedule/schedule.h"

#include <string>

namespace proa::schedule {

/// The same for the same run: a UUID of version 8 (RFC 9562) from the schedule's name, when it was
/// made, and when the run was due.
std::string request_id_of(const Schedule& schedule, WallTime due);

/// The input with EventBridge Scheduler's words in it replaced
/// (<aws.scheduler.schedule-arn>, ...scheduled-time, ...execution-id, ...attempt-number), or its
/// event where there is no input.
/// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
std::string payload_of(const Schedule& schedule, WallTime due, const std::string& request_id);

/// As EventBridge writes times: "2026-11-26T09:30:00Z".
std::string event_time(WallTime time);

}  // namespace proa::schedule
