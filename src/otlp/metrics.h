// Metrics of the export: what reached the collector, and what did not.
#pragma once

#include "otlp/otlp.h"
#include "telemetry/metrics.h"

namespace proa::otlp {

namespace metrics {
using telemetry::Metric;
using telemetry::MetricType;
inline constexpr Metric kSent{"proa_otlp_sent_total", MetricType::counter,
                              "Records that the collector took, by signal."};
inline constexpr Metric kDropped{"proa_otlp_dropped_total", MetricType::counter,
                                 "Records that were lost, by signal and reason."};
inline constexpr Metric kRetries{"proa_otlp_retries_total", MetricType::counter,
                                 "Requests to the collector that were sent again, by signal."};
}  // namespace metrics

/// `exporter` may be missing: the metrics are declared all the same. `overflowed_spans` is what was
/// dropped before it came to the exporter.
void describe(const Exporter* exporter, std::uint64_t overflowed_spans,
              telemetry::MetricPage& page);

}  // namespace proa::otlp
