#include "otlp/metrics.h"

namespace proa::otlp {

void describe(const Exporter* exporter, std::uint64_t overflowed_spans,
              telemetry::MetricPage& page) {
  page.declare(metrics::kSent);
  page.declare(metrics::kDropped);
  page.declare(metrics::kRetries);
  if (exporter == nullptr) return;
  for (const auto& [signal, counts] : exporter->counts()) {
    const auto add = [&](const telemetry::Metric& metric, std::uint64_t value,
                         const telemetry::Labels& labels) {
      page.add(metric, static_cast<double>(value), labels);
    };
    const telemetry::Labels labels{{"signal", signal}};
    add(metrics::kSent, counts->sent, labels);
    add(metrics::kDropped, counts->rejected, labels.with("reason", "rejected"));
    add(metrics::kDropped, counts->unreachable, labels.with("reason", "unreachable"));
    add(metrics::kRetries, counts->retries, labels);
  }
  page.add(metrics::kDropped, static_cast<double>(overflowed_spans),
           {{"signal", "traces"}, {"reason", "queue_full"}});
}

}  // namespace proa::otlp
