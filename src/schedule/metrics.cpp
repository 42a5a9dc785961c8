#include "schedule/metrics.h"

namespace proa::schedule {
namespace {

using telemetry::Metric;
using telemetry::MetricType;

constexpr Metric kSchedules{"proa_schedules", MetricType::gauge, "Schedules, by whether they run."};
constexpr Metric kRuns{"proa_schedule_runs_total", MetricType::counter,
                       "Runs of schedules that are on the queue of asynchronous calls."};
constexpr Metric kFailed{"proa_schedule_failed_runs_total", MetricType::counter,
                         "Runs that the queue refused: the function is gone."};
constexpr Metric kMissed{"proa_schedule_missed_runs_total", MetricType::counter,
                         "Runs that were due while the daemon was down or the clock jumped."};

}  // namespace

void describe(const Counts& counts, telemetry::MetricPage& page) {
  const auto number = [](std::uint64_t count) { return static_cast<double>(count); };
  page.add(kSchedules, number(counts.enabled), {{"state", "enabled"}});
  page.add(kSchedules, number(counts.schedules - counts.enabled), {{"state", "disabled"}});
  page.add(kRuns, number(counts.runs));
  page.add(kFailed, number(counts.failed));
  page.add(kMissed, number(counts.missed));
}

}  // namespace proa::schedule
