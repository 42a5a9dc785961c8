#include "timed_runs.h"

#include "base/run_on.h"
#include "schedule/metrics.h"

#include <boost/asio/use_future.hpp>

namespace proa::apps {
namespace asio = boost::asio;
namespace {

schedule::Options schedule_options(const ServeOptions& options) {
  schedule::Options out;
  out.late_max = std::chrono::seconds(options.schedule_late_max_s);
  if (!options.otlp_endpoint.empty()) {
    out.trace_sample_share = options.trace_sample_percent / 100;
  }
  return out;
}

/// Runs a task that cannot fail to its end, on an executor of its own.
void await(Task<void> task) {
  asio::io_context io;
  auto ended = asio::co_spawn(io, boxed<void>(std::move(task)), asio::use_future);
  io.run();
  (void)ended.get();
}

}  // namespace

Result<std::unique_ptr<TimedRuns>> TimedRuns::open(const ServeOptions& options,
                                                   const Parts& parts) {
  TRY(auto records, storage::open_sqlite_batches(options.data / "catalog" / "schedules.db"));
  TRY(auto schedules,
      schedule::Schedules::open({*records, parts.events.queue(), parts.catalog, parts.blocking,
                                 parts.clock, parts.log.for_module("schedule")},
                                schedule_options(options)));
  return std::unique_ptr<TimedRuns>(new TimedRuns(std::move(records), std::move(schedules)));
}

void TimedRuns::start() { await(schedules_->start()); }

void TimedRuns::stop() { await(schedules_->close()); }

void TimedRuns::describe(telemetry::MetricPage& page) const {
  schedule::describe(schedules_->counts(), page);
}

boost::json::object TimedRuns::status() const {
  const schedule::Counts now = schedules_->counts();
  boost::json::object out;
  out["all"] = now.schedules;
  out["enabled"] = now.enabled;
  out["runs"] = now.runs;
  out["failed_runs"] = now.failed;
  out["missed_runs"] = now.missed;
  return out;
}

}  // namespace proa::apps
