// Metrics of the API: requests by operation, and those that were refused at the door.
#pragma once

#include "api/api.h"
#include "telemetry/metrics.h"

#include <string_view>

namespace proa::api {

namespace metrics {
using telemetry::Metric;
using telemetry::MetricType;
inline constexpr Metric kRequests{"proa_api_requests_total", MetricType::counter,
                                  "Requests by operation and class of the status; `inside` are "
                                  "those of function code."};
inline constexpr Metric kRefusals{"proa_api_refusals_total", MetricType::counter,
                                  "Requests refused before anything was done, by reason: no or a "
                                  "wrong signature, a key without the right, a web page."};
}  // namespace metrics

std::string_view to_string(DoorRefusal refusal);

/// Of all shards together.
void describe(const ApiCounts& counts, telemetry::MetricPage& page);

}  // namespace proa::api
