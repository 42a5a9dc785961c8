// GetAccountSettings: https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
#include "api/errors.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <limits>

namespace proa::api {
namespace {

constexpr std::uint64_t kTotalCodeSize = 80530636800;  ///< 75 GB, Lambda's default
constexpr std::uint64_t kCodeSizeUnzipped = 262144000;
constexpr std::uint64_t kCodeSizeZipped = 52428800;

/// Every version of every layer counts, as on Lambda.
std::uint64_t layers_size(const Context& context, const model::Scope& scope) {
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  std::uint64_t size = 0;
  for (const auto& newest : context.catalog.list_layers(scope, "", kAll)) {
    for (const auto& layer : context.catalog.list_layer_versions(scope, newest->name, 0, kAll)) {
      size += layer->code_size;
    }
  }
  return size;
}

}  // namespace

Task<http::Response> get_account_settings(Context& context, Call& call) {
  const auto records =
      context.catalog.list(call.scope, "", std::numeric_limits<std::size_t>::max());
  std::uint64_t code_size = 0;
  std::uint32_t reserved = 0;
  for (const auto& record : records) {
    code_size += record->latest->code_size;
    for (const auto& [number, version] : record->versions) code_size += version->code_size;
    reserved += record->reserved_concurrency.value_or(0);
  }
  code_size += layers_size(context, call.scope);
  const std::uint32_t most = context.options.concurrent_executions;
  boost::json::object limit;
  limit["TotalCodeSize"] = kTotalCodeSize;
  limit["CodeSizeUnzipped"] = kCodeSizeUnzipped;
  limit["CodeSizeZipped"] = kCodeSizeZipped;
  limit["ConcurrentExecutions"] = most;
  limit["UnreservedConcurrentExecutions"] = most - std::min(most, reserved);
  boost::json::object usage;
  usage["TotalCodeSize"] = code_size;
  usage["FunctionCount"] = records.size();
  boost::json::object answer;
  answer["AccountLimit"] = std::move(limit);
  answer["AccountUsage"] = std::move(usage);
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
