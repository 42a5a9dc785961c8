#include "api/metrics_endpoint.h"

#include "api/errors.h"
#include "api/operations.h"
#include "telemetry/metrics.h"

#include <openssl/crypto.h>

namespace proa::api {
namespace {

constexpr std::string_view kBearer = "Bearer ";

bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

bool asks_metrics(const http::Request& request) {
  return request.segments.size() == 1 && request.segments.front() == "metrics";
}

MetricsDoor metrics_door(const http::Request& request, const ApiOptions& options, bool has_keys) {
  const std::string& token = options.metrics_token;
  const auto authorization = request.headers.find("Authorization");
  if (authorization && authorization->starts_with(kBearer)) {
    const bool is_known = !token.empty() && is_same(authorization->substr(kBearer.size()), token);
    return is_known ? MetricsDoor::open : MetricsDoor::closed;
  }
  if (!has_keys) return token.empty() ? MetricsDoor::open : MetricsDoor::closed;
  const bool is_signed = authorization || request.query_value("X-Amz-Signature");
  return is_signed ? MetricsDoor::signature : MetricsDoor::closed;
}

http::Response metrics_refusal(const ApiOptions& options, bool has_keys) {
  std::string text = "GET /metrics needs ";
  if (!options.metrics_token.empty()) {
    text += "the token of --metrics-token-file (Authorization: Bearer TOKEN)";
  } else {
    text += "a token, and none is set: start proa serve with --metrics-token-file";
  }
  if (has_keys) text += ", or a signature by a key with the right admin";
  auto response = fault_response(Fault::unauthorized, text);
  response.headers.add("WWW-Authenticate", "Bearer realm=\"metrics\"");
  return response;
}

Task<http::Response> get_metrics(Context& context, Call&) {
  if (!context.options.metrics) {
    co_return Error(Errc::unsupported, "/metrics is not supported by this program");
  }
  http::Response response;
  response.headers.add("Content-Type", telemetry::kMetricsTextType);
  response.body = co_await context.options.metrics();
  co_return response;
}

}  // namespace proa::api
