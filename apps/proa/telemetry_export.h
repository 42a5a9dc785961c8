// What the daemon sends to an OpenTelemetry collector (--otlp-endpoint), on a thread of its own.
#pragma once

#include "daemon_metrics.h"
#include "log_export.h"
#include "otlp/otlp.h"
#include "shard.h"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace proa::apps {

/// The daemon as a resource, from now on.
otlp::Identity identity_of_this_start(Clock& clock);

/// Asks the shards for their spans, DaemonMetrics for a page and LogExport for what functions
/// logged, makes bodies of them and sends those. Made by main after the shards and started when
/// they run; stopped while they still do.
class TelemetryExport {
 public:
  struct Options {
    otlp::ExporterOptions exporter;
    otlp::Identity identity;
    std::chrono::seconds metrics_every{60};
    std::filesystem::path data;  ///< the data folder
    telemetry::Logger log;
  };
  TelemetryExport(Options options, const std::vector<std::unique_ptr<Shard>>& shards,
                  const DaemonMetrics& metrics, logs::LogKeeper& logs, Clock& clock);
  ~TelemetryExport();
  TelemetryExport(const TelemetryExport&) = delete;
  TelemetryExport& operator=(const TelemetryExport&) = delete;

  void start();
  /// Sends what is left, for three seconds at most; blocks.
  void stop();
  /// Its own counts; any thread.
  void describe(telemetry::MetricPage& page) const;

 private:
  boost::asio::awaitable<otlp::Taken> take_metrics();
  boost::asio::awaitable<otlp::Taken> take_spans();

  const std::vector<std::unique_ptr<Shard>>& shards_;
  const DaemonMetrics& metrics_;
  Clock& clock_;
  otlp::Identity identity_;
  LogExport logs_;
  std::vector<std::uint64_t> overflowed_;  ///< spans, by shard; the exporter's thread
  std::atomic<std::uint64_t> overflowed_sum_{0};
  boost::asio::thread_pool thread_{1};
  std::unique_ptr<otlp::Exporter> exporter_;
};

}  // namespace proa::apps
