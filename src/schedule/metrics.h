// What schedules have counted, on the daemon's page of metrics.
#pragma once

#include "schedule/schedule.h"
#include "telemetry/metrics.h"

namespace proa::schedule {

void describe(const Counts& counts, telemetry::MetricPage& page);

}  // namespace proa::schedule
