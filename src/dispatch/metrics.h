// Metrics of calls, by function, and of the event queue.
#pragma once

#include "dispatch/call_counters.h"
#include "dispatch/dispatch.h"
#include "telemetry/metrics.h"

#include <cstdint>
#include <vector>

namespace proa::dispatch {

namespace metrics {
using telemetry::Metric;
using telemetry::MetricType;
// By account, region, function and version.
inline constexpr Metric kInvocations{"proa_function_invocations_total", MetricType::counter,
                                     "Calls that ran, by how their environment came to be; each "
                                     "attempt of an asynchronous one."};
inline constexpr Metric kErrors{"proa_function_errors_total", MetricType::counter,
                                "Calls that ended in an error of the function, by its kind."};
inline constexpr Metric kThrottles{"proa_function_throttles_total", MetricType::counter,
                                   "Calls that were not let in, by Lambda's Reason and by whose "
                                   "limit it was: function, account or host."};
inline constexpr Metric kRefusals{"proa_function_refusals_total", MetricType::counter,
                                  "Calls that did not run for another reason, by the kind of "
                                  "error: for want of an environment, or of an interpreter."};
inline constexpr Metric kDurations{"proa_function_duration_seconds", MetricType::histogram,
                                   "Time of calls in function code."};
inline constexpr Metric kInits{"proa_function_init_duration_seconds", MetricType::histogram,
                               "Time of functions' own initialisation in a new environment."};
// By account, region and function.
inline constexpr Metric kRunning{"proa_function_concurrent_executions", MetricType::gauge,
                                 "Calls that run now, or wait for their environment."};
// By account and region.
inline constexpr Metric kUnreserved{"proa_account_unreserved_concurrent_executions",
                                    MetricType::gauge,
                                    "The same of all functions without reserved concurrency."};
inline constexpr Metric kAccountLimit{"proa_account_concurrency_limit", MetricType::gauge,
                                      "Calls of an account at the same time at most "
                                      "(--account-concurrency)."};
inline constexpr Metric kOverhead{"proa_invocation_overhead_seconds", MetricType::histogram,
                                  "What Proa adds to calls: from admission to the answer, without "
                                  "the function's own time and initialisation."};
// Of the event queue.
inline constexpr Metric kWaiting{"proa_events_waiting", MetricType::gauge,
                                 "Asynchronous calls that wait: for their turn or a retry."};
inline constexpr Metric kEventsRunning{"proa_events_running", MetricType::gauge,
                                       "Asynchronous calls that run now."};
inline constexpr Metric kDelay{"proa_events_delay_seconds", MetricType::gauge,
                               "For how long the event has been due that waits longest."};
inline constexpr Metric kAccepted{"proa_events_accepted_total", MetricType::counter,
                                  "Asynchronous calls accepted (202)."};
inline constexpr Metric kSucceeded{"proa_events_succeeded_total", MetricType::counter,
                                   "Those that ended well."};
inline constexpr Metric kFailed{"proa_events_failed_total", MetricType::counter,
                                "Those that were given up: to a destination or a dead letter."};
inline constexpr Metric kRetried{"proa_events_retried_total", MetricType::counter,
                                 "Attempts that failed and were not the last."};
inline constexpr Metric kDeadLetters{"proa_dead_letters", MetricType::gauge, "Dead letters kept."};
inline constexpr Metric kDeadLetterBytes{"proa_dead_letter_bytes", MetricType::gauge,
                                         "Their size on the disk."};
inline constexpr Metric kAvailable{"proa_events_available", MetricType::gauge,
                                   "1 when the event queue can be used, else 0."};
}  // namespace metrics

/// `shards` is what each shard's CallCounters gave; `account_limit` is --account-concurrency.
void describe(const std::vector<CallCounts>& shards, std::uint32_t account_limit,
              telemetry::MetricPage& page);
/// What an EventQueue answered.
void describe(const Result<EventCounts>& events, telemetry::MetricPage& page);

}  // namespace proa::dispatch
