// /proa/v1/usage: what calls took, one record a call, for `proa usage`.
#include "api/duration_output.h"
#include "api/errors.h"
#include "api/operations.h"
#include "api/since.h"
#include "base/utc_text.h"
#include "model/settings.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kRecordsMax = 10'000;
constexpr auto kUsageParameters =
    std::to_array<std::string_view>({"function", "since", "until", "after", "limit"});

/// Lambda's unit of account: memory in GB times billed seconds.
double gb_seconds(const logs::CallRecord& call) {
  return static_cast<double>(call.memory_mib) / 1024.0 *
         static_cast<double>(call.billed().count()) / 1000.0;
}

json::object describe(const logs::UsageRecord& record) {
  const logs::CallRecord& call = record.call;
  json::object out;
  out["began"] = utc_text(call.begin, "Z");
  out["account_id"] = record.account_id;
  out["region"] = record.region;
  out["function"] = record.function;
  out["version"] = record.version;
  out["request_id"] = record.request_id;
  out["status"] = logs::to_string(call.status);
  out["error_type"] = call.error_type;
  out["duration_ms"] = in_milliseconds(call.duration);
  out["init_ms"] = in_milliseconds(call.init_duration);
  out["billed_ms"] = call.billed().count();
  out["memory_mib"] = call.memory_mib;
  out["max_memory_bytes"] = call.max_memory_used.count();
  out["gb_seconds"] = gb_seconds(call);
  out["environment_id"] = record.environment_id;
  out["start"] = model::to_string(call.start);
  out["runtime"] = call.runtime_identity;
  out["isolation"] = model::to_string(record.isolation);
  out["trace_id"] = call.trace_id;
  return out;
}

Result<void> decode_times(const Context& context, const http::Request& request,
                          logs::UsageQuery& query) {
  const WallTime now = context.clock.wall_now();
  if (const auto since = request.query_value("since")) {
    TRY(query.from, parse_since(*since, now));
  }
  if (const auto until = request.query_value("until")) {
    TRY(query.until, parse_since(*until, now));
  }
  return ok();
}

Result<logs::UsageQuery> decode_usage(const Context& context, const Call& call) {
  const http::Request& request = call.request;
  for (const auto& parameter : request.query) {
    const bool is_known = std::find(kUsageParameters.begin(), kUsageParameters.end(),
                                    parameter.name) != kUsageParameters.end() ||
                          parameter.name.starts_with("X-Amz-");
    if (!is_known) {
      return Error(Errc::invalid, "There is no parameter '" + parameter.name + "' of usage");
    }
  }
  logs::UsageQuery query;
  query.account_id = call.scope.account_id;
  query.region = call.scope.region;
  TRY(decode_times(context, request, query));
  query.after = request.query_value("after").value_or("");
  if (const auto name = request.query_value("function"); name && !name->empty()) {
    TRY(const auto ref, model::parse_function_ref(*name, std::nullopt, call.scope));
    query.function = ref.name;
  }
  query.max_records = kRecordsMax;
  if (const auto limit = request.query_value("limit")) {
    const char* const last = limit->data() + limit->size();
    const auto [end, error] = std::from_chars(limit->data(), last, query.max_records);
    const bool is_valid = error == std::errc() && end == last && query.max_records >= 1 &&
                          query.max_records <= kRecordsMax;
    if (!is_valid) return Error(Errc::invalid, "limit is a number from 1 to 10000");
  }
  return query;
}

}  // namespace

Task<http::Response> read_usage(Context& context, Call& call) {
  CO_TRY(auto query, decode_usage(context, call));
  CO_TRY(const auto page, co_await context.logs.usage(std::move(query)));
  json::array records;
  for (const auto& record : page.records) records.push_back(describe(record));
  json::object answer;
  answer["records"] = std::move(records);
  answer["next"] = page.next;
  answer["is_end"] = page.is_end;
  co_return json_response(200, json::serialize(answer));
}

}  // namespace proa::api
