// Metrics of the HTTP server: connections and requests of the daemon's listener.
#pragma once

#include "http/http.h"
#include "telemetry/metrics.h"

#include <cstdint>

namespace proa::http {

/// What the servers of all shards have seen together.
struct ServerTotals {
  std::uint64_t connections = 0;  ///< open now
  ServerCounters counters;

  void add(const Server& server);
  ServerTotals& operator+=(const ServerTotals& other);
};

namespace metrics {
using telemetry::Metric;
using telemetry::MetricType;
inline constexpr Metric kConnections{"proa_http_connections", MetricType::gauge,
                                     "Connections of clients that are open."};
inline constexpr Metric kAccepted{"proa_http_connections_accepted_total", MetricType::counter,
                                  "Connections accepted."};
inline constexpr Metric kRefused{"proa_http_connections_refused_total", MetricType::counter,
                                 "Connections refused, because too many were open and busy."};
inline constexpr Metric kMoved{"proa_http_connections_moved_total", MetricType::counter,
                               "Connections that went to the shard that runs their function."};
inline constexpr Metric kAnswers{"proa_http_requests_total", MetricType::counter,
                                 "Requests answered, by the class of the status."};
inline constexpr Metric kMalformed{"proa_http_requests_malformed_total", MetricType::counter,
                                   "Requests that were no HTTP, too large in their head, or late."};
inline constexpr Metric kTimedOut{"proa_http_connections_timed_out_total", MetricType::counter,
                                  "Connections closed in the middle of a request or an answer "
                                  "that made no progress."};
inline constexpr Metric kHandshakesFailed{"proa_tls_handshakes_failed_total", MetricType::counter,
                                          "Connections that ended before they spoke TLS."};
inline constexpr Metric kFailed{"proa_http_requests_failed_total", MetricType::counter,
                                "Requests that ended in an exception of Proa: a bug."};
}  // namespace metrics

void describe(const ServerTotals& totals, telemetry::MetricPage& page);

}  // namespace proa::http
