// PutFunctionEventInvokeConfig, UpdateFunctionEventInvokeConfig, GetFunctionEventInvokeConfig,
// DeleteFunctionEventInvokeConfig, ListFunctionEventInvokeConfigs:
// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
#include "api/errors.h"
#include "api/event_config_input.h"
#include "api/fields.h"
#include "api/operations.h"
#include "api/paging.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace proa::api {
namespace {

namespace json = boost::json;

json::object destination_of(const std::string& arn) {
  json::object object;
  if (!arn.empty()) object["Destination"] = arn;
  return object;
}

/// What is not set is left out, as on Lambda; the two conditions are always there.
json::object output(model::FunctionRef ref, const std::string& qualifier,
                    const model::EventInvokeConfig& config) {
  ref.qualifier = qualifier;
  json::object out;
  out["LastModified"] = static_cast<double>(epoch_ms(config.last_modified)) / 1000.0;
  out["FunctionArn"] = ref.arn();
  if (config.retries_max) out["MaximumRetryAttempts"] = *config.retries_max;
  if (config.age_max) out["MaximumEventAgeInSeconds"] = config.age_max->count();
  json::object destinations;
  destinations["OnSuccess"] = destination_of(config.on_success);
  destinations["OnFailure"] = destination_of(config.on_failure);
  out["DestinationConfig"] = std::move(destinations);
  return out;
}

http::Response config_answer(const model::FunctionRef& ref,
                             const model::EventInvokeConfig& config) {
  return json_response(200,
                       json::serialize(output(ref, ref.qualifier.value_or("$LATEST"), config)));
}

Task<http::Response> put_or_update(Context& context, Call& call, bool is_replacing) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  auto asked = decode_event_config(Fields(body, problems));
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto ref, decode_qualified(call));
  if (!asked) {
    co_return Error(Errc::invalid,
                    "You must specify at least one of error handling or destination setting.");
  }
  asked->is_replacing = is_replacing;
  CO_TRY(const auto config, co_await context.catalog.change_event_config(ref, std::move(*asked)));
  co_return config_answer(ref, config);
}

}  // namespace

Task<http::Response> put_function_event_invoke_config(Context& context, Call& call) {
  co_return co_await put_or_update(context, call, true);
}

Task<http::Response> update_function_event_invoke_config(Context& context, Call& call) {
  co_return co_await put_or_update(context, call, false);
}

Task<http::Response> get_function_event_invoke_config(Context& context, Call& call) {
  CO_TRY(const auto ref, decode_qualified(call));
  CO_TRY(const auto config, catalog::find_event_config(context.catalog, ref));
  co_return config_answer(ref, config);
}

Task<http::Response> delete_function_event_invoke_config(Context& context, Call& call) {
  CO_TRY(auto ref, decode_qualified(call));
  CO_TRY(co_await context.catalog.delete_event_config(std::move(ref)));
  co_return http::Response(204);
}

Task<http::Response> list_function_event_invoke_configs(Context& context, Call& call) {
  Problems problems;
  const std::size_t page_size = decode_page_size(call.request, kPageMax, kPageMax, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto ref, model::parse_function_ref(call.parameters[0], std::nullopt, call.scope));
  CO_TRY(const auto after, decode_marker(call.request, "ListFunctionEventInvokeConfigs"));
  CO_TRY(const auto configs, catalog::list_event_configs(context.catalog, ref));
  json::array page;
  json::object answer;
  std::string last;
  for (auto at = configs.upper_bound(after); at != configs.end(); ++at) {
    if (page.size() == page_size) {
      answer["NextMarker"] = make_marker(last);
      break;
    }
    last = at->first;
    page.push_back(output(ref, at->first, at->second));
  }
  answer["FunctionEventInvokeConfigs"] = std::move(page);
  co_return json_response(200, json::serialize(answer));
}

}  // namespace proa::api
