// What functions log, as the records that a collector wants (--otlp-endpoint).
#pragma once

#include "logs/log_tail.h"
#include "otlp/otlp.h"

#include <map>
#include <string>
#include <vector>

namespace proa::apps {

/// The signal "logs": nothing is lost while the collector is away, as long as the log keeps it.
/// Made by main before the shards run; used on the exporter's thread alone, which ends first.
class LogExport {
 public:
  LogExport(logs::LogKeeper& keeper, const std::filesystem::path& data, otlp::Identity identity,
            Clock& clock, const telemetry::Logger& log);

  /// `this` outlives it.
  otlp::Signal signal();

 private:
  /// Of a call that has not ended: its other lines do not tell its trace.
  struct Trace {
    std::string trace_id;
    std::string span_id;
  };
  boost::asio::awaitable<otlp::Taken> take();
  otlp::LogRecord record_of(const logs::GroupKey& group, logs::LogEvent event);
  void note_trace(const logs::LogEvent& event);

  logs::LogTail tail_;
  otlp::Identity identity_;
  Clock& clock_;
  telemetry::Logger log_;
  std::map<std::string, Trace> traces_;  ///< by request id
};

}  // namespace proa::apps
