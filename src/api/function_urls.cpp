// CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig, DeleteFunctionUrlConfig
// and ListFunctionUrlConfigs:
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/operations.h"
#include "api/paging.h"
#include "api/url_config_input.h"
#include "api/url_request.h"
#include "base/utc_text.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::string_view kLatest = "$LATEST";

/// Unqualified, or an alias: a published version has no URL of its own.
Result<model::FunctionRef> decode_url_function(const Call& call) {
  TRY(auto ref, model::parse_function_ref(call.parameters[0], call.request.query_value("Qualifier"),
                                          call.scope));
  if (ref.qualifier && catalog::parse_version_number(*ref.qualifier)) {
    Problems problems;
    problems.violate(*ref.qualifier, "qualifier",
                     "satisfy regular expression pattern: "
                     "(^\\$LATEST$)|((?!^[0-9]+$)([a-zA-Z0-9-_]+))");
    return Error(Errc::invalid, problems.text());
  }
  if (ref.qualifier == kLatest) ref.qualifier.reset();
  return ref;
}

json::array to_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

json::object to_json(const model::UrlCors& cors) {
  json::object out;
  if (cors.allow_credentials) out["AllowCredentials"] = *cors.allow_credentials;
  if (cors.allow_headers) out["AllowHeaders"] = to_json(*cors.allow_headers);
  if (cors.allow_methods) out["AllowMethods"] = to_json(*cors.allow_methods);
  if (cors.allow_origins) out["AllowOrigins"] = to_json(*cors.allow_origins);
  if (cors.expose_headers) out["ExposeHeaders"] = to_json(*cors.expose_headers);
  if (cors.max_age) out["MaxAge"] = cors.max_age->count();
  return out;
}

json::object output(const Call& call, const model::FunctionRef& ref,
                    const model::FunctionUrl& url) {
  json::object out;
  out["FunctionUrl"] = url_address(call.request, url, ref.region);
  out["FunctionArn"] = ref.arn();
  out["AuthType"] = to_string(url.auth);
  if (url.cors) out["Cors"] = to_json(*url.cors);
  out["CreationTime"] = utc_text(url.created, "Z");
  out["LastModifiedTime"] = utc_text(url.last_modified, "Z");
  out["InvokeMode"] = "BUFFERED";
  return out;
}

Result<model::UrlChange> decode_change(const Call& call, bool is_new) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto change = decode_url_change(fields);
  if (is_new && !body.contains("AuthType")) problems.missing("authType");
  if (!problems.empty()) return Error(Errc::invalid, problems.text());
  TRY(check_invoke_mode(fields));
  return change;
}

}  // namespace

Task<http::Response> create_function_url_config(Context& context, Call& call) {
  CO_TRY(auto change, decode_change(call, true));
  CO_TRY(const auto ref, decode_url_function(call));
  CO_TRY(const auto url, co_await context.catalog.create_url(ref, std::move(change)));
  co_return json_response(201, json::serialize(output(call, ref, url)));
}

Task<http::Response> update_function_url_config(Context& context, Call& call) {
  CO_TRY(auto change, decode_change(call, false));
  CO_TRY(const auto ref, decode_url_function(call));
  CO_TRY(const auto url, co_await context.catalog.update_url(ref, std::move(change)));
  co_return json_response(200, json::serialize(output(call, ref, url)));
}

Task<http::Response> get_function_url_config(Context& context, Call& call) {
  CO_TRY(const auto ref, decode_url_function(call));
  CO_TRY(const auto record, context.catalog.find(ref));
  const auto found = record->urls.find(ref.qualifier.value_or(std::string(kLatest)));
  if (found == record->urls.end()) {
    co_return Error(Errc::not_found, "The resource you requested does not exist.");
  }
  co_return json_response(200, json::serialize(output(call, ref, found->second)));
}

Task<http::Response> delete_function_url_config(Context& context, Call& call) {
  CO_TRY(auto ref, decode_url_function(call));
  CO_TRY(co_await context.catalog.delete_url(std::move(ref)));
  co_return http::Response(204);
}

Task<http::Response> list_function_url_configs(Context& context, Call& call) {
  Problems problems;
  const std::size_t size = decode_page_size(call.request, kPageMax, kPageMax, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(auto ref, model::parse_function_ref(call.parameters[0], std::nullopt, call.scope));
  CO_TRY(const auto after, decode_marker(call.request, "ListFunctionUrlConfigs"));
  CO_TRY(const auto record, context.catalog.find(ref));
  json::object answer;
  json::array page;
  std::string last;
  for (auto at = record->urls.upper_bound(after); at != record->urls.end(); ++at) {
    if (page.size() == size) {
      answer["NextMarker"] = make_marker(last);
      break;
    }
    last = at->first;
    ref.qualifier.reset();
    if (last != kLatest) ref.qualifier = last;
    page.push_back(output(call, ref, at->second));
  }
  answer["FunctionUrlConfigs"] = std::move(page);
  co_return json_response(200, json::serialize(answer));
}

}  // namespace proa::api
