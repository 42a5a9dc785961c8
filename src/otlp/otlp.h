// OTLP: sends what the daemon counts and records to an OpenTelemetry collector, over HTTP in JSON.
//
// Nouns: Endpoint (where the collector is), Signal (metrics, traces, logs: what is sent to one
// path), Batch (the body of one request), Exporter (sends batches, one after the other for each
// signal, again where that helps). main gives an Exporter its signals and a thread of its own: no
// call waits for it, what it cannot send in time is dropped and counted (metrics.h). It stands on
// http and knows nothing of the modules above; each signal is a function that it asks.
// https://opentelemetry.io/docs/specs/otlp/#otlphttp; docs/decisions/0013-otlp.md.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "http/http.h"
#include "model/logging_config.h"
#include "telemetry/metrics.h"
#include "telemetry/spans.h"
#include "telemetry/telemetry.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proa::otlp {

/// A collector's address: "http://host:4318", with a path before /v1/... where there is one.
struct Endpoint {
  std::string host;
  std::uint16_t port = 4318;
  std::string path;  ///< "" or "/before", without a slash at its end
};

/// Errc: invalid (no URL with a host), unsupported (https, until Proa speaks TLS; other schemes).
Result<Endpoint> parse_endpoint(const std::string& text);

/// Names and values to send with every request, e.g. of a token: one "Name: value" a line; empty
/// lines and those that begin with # are passed over. Errc: invalid (names the line, never its
/// value).
Result<std::vector<std::pair<std::string, std::string>>> parse_headers(const std::string& text);

/// Who the records are of: attributes of the resource "this daemon".
struct Identity {
  std::string version;
  std::string instance_id;  ///< a UUID of this start
  std::string host_name;
  WallTime started;
};

/// Bodies of requests, as the JSON form of protobuf wants them:
/// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
std::string metrics_body(const telemetry::MetricPage& page, const Identity& identity, WallTime now);
/// Each function version and environment is a resource by the conventions for functions:
/// https://opentelemetry.io/docs/specs/semconv/resource/faas/
std::string traces_body(const std::vector<telemetry::CallSpan>& spans, const Identity& identity);

/// A line that a function printed, or the platform about it.
struct LogRecord {
  WallTime time;
  std::string account_id;
  std::string region;
  std::string log_group;
  std::string log_stream;
  std::string function;  ///< empty: not known
  std::string version;
  std::string environment_id;
  std::string request_id;  ///< empty: no call ran
  std::string trace_id;    ///< 32 hexadecimal digits; empty: not known
  std::string span_id;     ///< 16; empty: no span of the call is recorded
  std::optional<model::LogLevel> level;
  bool is_platform = false;
  std::string text;  ///< UTF-8
};
/// By the conventions for functions and for logs of AWS:
/// https://opentelemetry.io/docs/specs/semconv/resource/cloud-provider/aws/logs/
std::string logs_body(const std::vector<LogRecord>& records, const Identity& identity,
                      WallTime now);

struct Batch {
  std::string body;
  std::size_t items = 0;  ///< records in it, for the counts
};

/// What a signal gives at a time.
struct Taken {
  std::vector<Batch> batches;
  bool has_more = false;  ///< take again at once
};

struct Signal {
  std::string name;  ///< "metrics": sent to /v1/metrics
  std::chrono::milliseconds every{1'000};
  /// What is to be sent now; nothing: no request is made. Awaited on the exporter's executor, and
  /// not again before its batches have been sent or dropped.
  std::function<boost::asio::awaitable<Taken>()> take;
  /// Where there is one, the signal's source keeps what is not sent: its batches are tried until
  /// the end, not for a minute. Called when all of them were sent, or refused by the collector.
  std::function<void()> done = {};
};

struct ExporterOptions {
  Endpoint endpoint;
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds first_backoff{1'000};  ///< doubles; a part of it is random
  std::chrono::milliseconds last_backoff{30'000};
  std::chrono::milliseconds give_up_after{60'000};  ///< since a batch was tried first
};

/// What became of a signal's records. Any thread.
struct SignalCounts {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> rejected{0};     ///< the collector did not want them
  std::atomic<std::uint64_t> unreachable{0};  ///< given up after give_up_after
  std::atomic<std::uint64_t> retries{0};      ///< requests sent again
};

/// Sends signals until it is closed. Lives on one executor; owned by main.
class Exporter {
 public:
  Exporter(boost::asio::any_io_executor executor, Clock& clock, telemetry::Logger log,
           ExporterOptions options, std::vector<Signal> signals);
  ~Exporter();

  void start();
  /// Sends what there is once more, and ends: at `deadline` at the latest. On the executor.
  Task<void> close(SteadyTime deadline);
  /// Names of the signals and what became of their records; any thread.
  const std::vector<std::pair<std::string, std::unique_ptr<SignalCounts>>>& counts() const {
    return counts_;
  }

 private:
  /// One signal on its way.
  struct Course {
    Course(Signal its_signal, SignalCounts& its_counts, const boost::asio::any_io_executor& where)
        : signal(std::move(its_signal)), counts(its_counts), timer(where) {}
    Signal signal;
    SignalCounts& counts;
    boost::asio::steady_timer timer;
    boost::asio::cancellation_signal stop;
    bool is_failing = false;
  };
  enum class Answer { accepted, again, refused };
  boost::asio::awaitable<void> run(Course& course);
  boost::asio::awaitable<bool> take_and_send(Course& course);
  boost::asio::awaitable<bool> send(Course& course, Batch batch);
  static Answer judge(const Result<http::Response>& response, std::string& reason);
  void count_accepted(Course& course, const Batch& batch, const http::Response& response);
  http::ClientRequest request_for(const Signal& signal, const std::string& body) const;
  std::chrono::milliseconds pause_before(unsigned attempt, const Result<http::Response>& response);
  void tell(Course& course, std::string_view event, const std::string& reason, std::size_t items);

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  telemetry::Logger log_;
  ExporterOptions options_;
  std::vector<std::pair<std::string, std::unique_ptr<SignalCounts>>> counts_;
  std::vector<std::unique_ptr<Course>> courses_;
  RandomSource random_;
  std::size_t running_ = 0;
  boost::asio::steady_timer all_ended_;
  std::optional<SteadyTime> close_at_;
};

}  // namespace proa::otlp
