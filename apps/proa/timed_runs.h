// The daemon's schedules: their file, and the loop that runs them.
#pragma once

#include "events.h"
#include "schedule/schedule.h"
#include "serve_options.h"
#include "telemetry/metrics.h"

#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>

#include <memory>

namespace proa::apps {

/// Opened before the shards, whose API changes schedules; started when the event queue runs;
/// stopped before it. Main thread. Destroyed before what it refers to.
class TimedRuns {
 public:
  struct Parts {
    Events& events;
    catalog::Catalog& catalog;
    boost::asio::thread_pool& blocking;
    Clock& clock;
    const telemetry::Logger& log;
  };
  /// Errc: corrupt (names the record), unsupported (written by a newer Proa), conflict, os.
  static Result<std::unique_ptr<TimedRuns>> open(const ServeOptions& options, const Parts& parts);

  schedule::Schedules& schedules() { return *schedules_; }
  void start();
  /// Blocks until nothing is on its way to the queue.
  void stop();
  /// Any thread, as the next.
  void describe(telemetry::MetricPage& page) const;
  boost::json::object status() const;

 private:
  TimedRuns(std::unique_ptr<storage::BatchStore> records,
            std::unique_ptr<schedule::Schedules> schedules)
      : records_(std::move(records)), schedules_(std::move(schedules)) {}

  std::unique_ptr<storage::BatchStore> records_;
  std::unique_ptr<schedule::Schedules> schedules_;
};

}  // namespace proa::apps
