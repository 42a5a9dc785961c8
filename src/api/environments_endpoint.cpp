// /proa/v1/environments: what runs now, for `proa top`.
#include "api/duration_output.h"
#include "api/errors.h"
#include "api/off_shard.h"
#include "api/operations.h"
#include "base/utc_text.h"
#include "identity/identity.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <functional>
#include <memory>

namespace proa::api {
namespace {

namespace json = boost::json;

json::value bytes_or_null(const std::optional<Bytes>& bytes) {
  return bytes ? json::value(bytes->count()) : json::value();
}

json::object describe(const model::EnvironmentView& one) {
  json::object out;
  out["id"] = one.id;
  out["account_id"] = one.account_id;
  out["region"] = one.region;
  out["function"] = one.function;
  out["version"] = one.version;
  out["runtime"] = one.runtime;
  out["isolation"] = model::to_string(one.isolation);
  out["kernel"] = one.kernel.empty() ? json::value() : json::value(one.kernel);
  out["shard"] = one.shard;
  out["state"] = model::to_string(one.phase);
  out["start"] = one.start ? json::value(model::to_string(*one.start)) : json::value();
  out["age_ms"] = in_milliseconds(one.age);
  out["in_state_ms"] = in_milliseconds(one.in_phase);
  out["calls"] = one.calls;
  out["request_id"] = one.request_id;
  out["timeout_ms"] = one.timeout.count();
  out["memory_limit_bytes"] = bytes_or_null(one.memory_limit);
  out["memory_bytes"] = bytes_or_null(one.memory);
  out["memory_peak_bytes"] = bytes_or_null(one.memory_peak);
  out["cpu_ms"] = one.cpu_time ? json::value(in_milliseconds(*one.cpu_time)) : json::value();
  return out;
}

json::object describe(const model::FunctionView& one) {
  json::object out;
  out["account_id"] = one.account_id;
  out["region"] = one.region;
  out["function"] = one.name;
  out["running"] = one.running;
  out["waiting"] = one.waiting;
  out["calls"] = one.calls;
  out["failures"] = one.failures;
  out["throttled"] = one.throttled;
  out["refused"] = one.refused;
  out["cold_starts"] = one.cold_starts;
  out["duration_ms"] = in_milliseconds(one.duration);
  return out;
}

json::object describe(const model::HostView& host) {
  json::object out;
  out["environments"] = host.environments;
  out["environments_max"] = host.environments_max;
  out["running"] = host.running;
  out["waiting"] = host.waiting;
  out["account_concurrency_max"] = host.concurrency_max;
  out["memory_counted_bytes"] = host.memory_counted.count();
  out["memory_total_bytes"] = bytes_or_null(host.memory_total);
  out["memory_available_bytes"] = bytes_or_null(host.memory_available);
  out["memory_reserve_bytes"] = host.memory_reserve.count();
  return out;
}

template <class Part>
json::array describe_all(const std::vector<Part>& parts) {
  json::array all;
  all.reserve(parts.size());
  for (const Part& part : parts) all.push_back(describe(part));
  return all;
}

/// Everything for whoever may see all accounts: an admin's key, or anybody while there are no keys.
Result<model::LiveQuery> decode_environment(const Call& call) {
  model::LiveQuery query;
  const bool sees_all = !call.key || call.key->rights.has(identity::Right::admin);
  if (!sees_all) query.account_id = call.scope.account_id;
  for (const auto& parameter : call.request.query) {
    if (parameter.name.starts_with("X-Amz-")) continue;
    if (parameter.name != "limit") {
      return Error(Errc::invalid, "There is no parameter '" + parameter.name + "' of environments");
    }
    const std::string& text = parameter.value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), query.limit);
    const bool is_valid = error == std::errc() && end == text.data() + text.size() &&
                          query.limit >= 1 && query.limit <= model::kLiveRowsMax;
    if (!is_valid) return Error(Errc::invalid, "limit is a number from 1 to 10000");
  }
  return query;
}

std::string body_of(const model::LiveView& view) {
  json::object answer;
  answer["now"] = utc_text(view.now, "Z");
  answer["began"] = utc_text(view.began, "Z");
  answer["host"] = describe(view.host);
  answer["functions"] = describe_all(view.functions);
  answer["environments"] = describe_all(view.environments);
  answer["functions_in_all"] = view.functions_in_all;
  answer["environments_in_all"] = view.environments_in_all;
  answer["is_truncated"] = view.functions_in_all > view.functions.size() ||
                           view.environments_in_all > view.environments.size();
  return json::serialize(answer);
}

}  // namespace

Task<http::Response> list_environments(Context& context, Call& call) {
  if (!context.options.live) {
    co_return Error(Errc::unsupported, "/proa/v1/environments is not supported by this program");
  }
  CO_TRY(auto query, decode_environment(call));
  auto view = co_await context.options.live(std::move(query));
  // Thousands of rows take milliseconds to write. Shared, as a std::function must be copyable.
  const auto shared = std::make_shared<const model::LiveView>(std::move(view));
  std::function<Result<std::string>()> work = [shared] { return body_of(*shared); };
  CO_TRY(auto body, co_await off_shard<std::string>(context.blocking, std::move(work)));
  co_return json_response(200, std::move(body));
}

}  // namespace proa::api
