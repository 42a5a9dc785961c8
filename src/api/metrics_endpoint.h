// Who may read GET /metrics. Private to api/. docs/decisions/0012-metrics.md.
#pragma once

#include "api/api.h"

namespace proa::api {

/// Prometheus cannot sign as AWS does, and what the page tells is of all accounts.
enum class MetricsDoor {
  open,       ///< the token of --metrics-token-file came along, or neither token nor keys exist
  signature,  ///< by a key with the right admin, as for every other request
  closed,
};

bool asks_metrics(const http::Request& request);
MetricsDoor metrics_door(const http::Request& request, const ApiOptions& options, bool has_keys);
/// The answer when it is closed.
http::Response metrics_refusal(const ApiOptions& options, bool has_keys);

}  // namespace proa::api
