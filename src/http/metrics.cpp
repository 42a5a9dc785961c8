#include "http/metrics.h"

#include <string_view>

namespace proa::http {
namespace {

constexpr std::array<std::string_view, 5> kClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};

double as_number(std::uint64_t count) { return static_cast<double>(count); }

}  // namespace

void ServerTotals::add(const Server& server) {
  ServerTotals one;
  one.connections = server.connection_count();
  one.counters = server.counters();
  *this += one;
}

ServerTotals& ServerTotals::operator+=(const ServerTotals& other) {
  connections += other.connections;
  const ServerCounters& more = other.counters;
  counters.accepted += more.accepted;
  counters.refused += more.refused;
  counters.requests += more.requests;
  counters.malformed += more.malformed;
  counters.timed_out += more.timed_out;
  counters.failed += more.failed;
  counters.moved += more.moved;
  counters.handshakes_failed += more.handshakes_failed;
  for (std::size_t i = 0; i < more.answers.size(); ++i) counters.answers[i] += more.answers[i];
  return *this;
}

void describe(const ServerTotals& totals, telemetry::MetricPage& page) {
  const ServerCounters& counters = totals.counters;
  page.add(metrics::kConnections, as_number(totals.connections));
  page.add(metrics::kAccepted, as_number(counters.accepted));
  page.add(metrics::kRefused, as_number(counters.refused));
  page.add(metrics::kMoved, as_number(counters.moved));
  page.add(metrics::kTimedOut, as_number(counters.timed_out));
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    page.add(metrics::kAnswers, as_number(counters.answers[i]), {{"class", kClasses[i]}});
  }
  page.add(metrics::kMalformed, as_number(counters.malformed));
  page.add(metrics::kHandshakesFailed, as_number(counters.handshakes_failed));
  page.add(metrics::kFailed, as_number(counters.failed));
}

}  // namespace proa::http
