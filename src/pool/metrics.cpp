#include "pool/metrics.h"

namespace proa::pool {

PoolCounts& PoolCounts::operator+=(const PoolCounts& other) {
  idle += other.idle;
  frozen += other.frozen;
  leased += other.leased;
  parked += other.parked;
  starting += other.starting;
  waiting += other.waiting;
  for (const auto& [family, count] : other.parked_by_runtime) parked_by_runtime[family] += count;
  history += other.history;
  return *this;
}

PoolHistory& PoolHistory::operator+=(const PoolHistory& other) {
  started_for_calls += other.started_for_calls;
  started_ahead += other.started_ahead;
  failed_for_calls += other.failed_for_calls;
  failed_ahead += other.failed_ahead;
  ended += other.ended;
  return *this;
}

void describe(const PoolCounts& counts, std::size_t environments_max, telemetry::MetricPage& page) {
  const auto add = [&page](const telemetry::Metric& metric, std::uint64_t value,
                           telemetry::Labels labels = {}) {
    page.add(metric, static_cast<double>(value), std::move(labels));
  };
  add(metrics::kEnvironments, counts.leased, {{"state", "running"}});
  add(metrics::kEnvironments, counts.idle, {{"state", "idle"}});
  add(metrics::kEnvironments, counts.frozen, {{"state", "frozen"}});
  add(metrics::kEnvironments, counts.parked, {{"state", "parked"}});
  add(metrics::kEnvironments, counts.starting, {{"state", "starting"}});
  page.declare(metrics::kParked);
  for (const auto& [family, count] : counts.parked_by_runtime) {
    add(metrics::kParked, count, {{"runtime", family}});
  }
  add(metrics::kLimit, environments_max);
  add(metrics::kWaiting, counts.waiting);
  const PoolHistory& history = counts.history;
  add(metrics::kStarts, history.started_for_calls, {{"for", "call"}});
  add(metrics::kStarts, history.started_ahead, {{"for", "parking"}});
  add(metrics::kStartFailures, history.failed_for_calls, {{"for", "call"}});
  add(metrics::kStartFailures, history.failed_ahead, {{"for", "parking"}});
  add(metrics::kEnds, history.ended);
}

}  // namespace proa::pool
