// Metrics of the pools: environments by state, and what became of those that were started.
#pragma once

#include "pool/pool.h"
#include "telemetry/metrics.h"

namespace proa::pool {

namespace metrics {
using telemetry::Metric;
using telemetry::MetricType;
inline constexpr Metric kEnvironments{
    "proa_environments", MetricType::gauge,
    "Environments by state: running a call, idle, frozen, parked (an interpreter without a "
    "function) or starting."};
inline constexpr Metric kParked{
    "proa_environments_parked", MetricType::gauge,
    "Those that are parked, by runtime; `sandbox` has no interpreter yet."};
inline constexpr Metric kLimit{"proa_environments_limit", MetricType::gauge,
                               "Environments at most (--max-environments)."};
inline constexpr Metric kWaiting{"proa_environment_waits", MetricType::gauge,
                                 "Calls that wait until they may start an environment."};
inline constexpr Metric kStarts{"proa_environment_starts_total", MetricType::counter,
                                "Environments started: for a call, or ahead of calls (parked)."};
inline constexpr Metric kStartFailures{"proa_environment_start_failures_total", MetricType::counter,
                                       "Environments that could not be started."};
inline constexpr Metric kEnds{"proa_environment_ends_total", MetricType::counter,
                              "Environments that have ended, those that did not start included."};
}  // namespace metrics

/// Of all shards; `environments_max` is the daemon's limit.
void describe(const PoolCounts& counts, std::size_t environments_max, telemetry::MetricPage& page);

}  // namespace proa::pool
