#include "api/metrics.h"

#include "api/log_operations.h"
#include "api/operations.h"

namespace proa::api {
namespace {

constexpr std::array<std::string_view, 5> kClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};

void add(ApiCounts::Requests& to, const ApiCounts::Requests& from) {
  if (to.size() < from.size()) to.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (std::size_t j = 0; j < from[i].size(); ++j) to[i][j] += from[i][j];
  }
}

/// Lambda's operations first; the others with their service, since some have the same names.
std::string counted_name(std::size_t index) {
  const auto all = operations();
  if (index < all.size()) return std::string(all[index].name);
  const Operation& operation = log_operations()[index - all.size()];
  return std::string(operation.service) + ":" + std::string(operation.name);
}

void describe_requests(const ApiCounts::Requests& requests, std::string_view from,
                       telemetry::MetricPage& page) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    for (std::size_t j = 0; j < kClasses.size(); ++j) {
      if (requests[i][j] == 0) continue;  // there are a hundred operations
      const std::string name = counted_name(i);
      page.add(metrics::kRequests, static_cast<double>(requests[i][j]),
               {{"operation", name}, {"class", kClasses[j]}, {"from", from}});
    }
  }
}

}  // namespace

std::string_view to_string(DoorRefusal refusal) {
  switch (refusal) {
    case DoorRefusal::missing_token:
      return "missing_token";
    case DoorRefusal::incomplete_signature:
      return "incomplete_signature";
    case DoorRefusal::unknown_key:
      return "unknown_key";
    case DoorRefusal::expired_token:
      return "expired_token";
    case DoorRefusal::invalid_signature:
      return "invalid_signature";
    case DoorRefusal::no_right:
      return "no_right";
    case DoorRefusal::web_page:
      return "web_page";
    case DoorRefusal::metrics_token:
      return "metrics_token";
  }
  return "invalid_signature";
}

ApiCounts& ApiCounts::operator+=(const ApiCounts& other) {
  add(requests, other.requests);
  add(inside, other.inside);
  for (std::size_t i = 0; i < refusals.size(); ++i) refusals[i] += other.refusals[i];
  return *this;
}

void describe(const ApiCounts& counts, telemetry::MetricPage& page) {
  page.declare(metrics::kRequests);
  describe_requests(counts.requests, "outside", page);
  describe_requests(counts.inside, "inside", page);
  for (std::size_t i = 0; i < kDoorRefusals; ++i) {
    page.add(metrics::kRefusals, static_cast<double>(counts.refusals[i]),
             {{"reason", to_string(static_cast<DoorRefusal>(i))}});
  }
}

}  // namespace proa::api
