// GetLayerVersion, GetLayerVersionByArn, ListLayerVersions, ListLayers, DeleteLayerVersion:
// https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html
#include "api/errors.h"
#include "api/layer_input.h"
#include "api/layer_output.h"
#include "api/location.h"
#include "api/operations.h"
#include "api/paging.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <limits>

namespace proa::api {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
constexpr std::string_view kVersionArnPattern =
    R"((arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:)"
    R"([a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))";

http::Response layer_answer(const Context& context, const Call& call,
                            const catalog::LayerVersion& layer) {
  return json_response(
      200, boost::json::serialize(layer_version(layer, layer_location(context, call, layer))));
}

/// What a list operation asks for.
struct ListInput {
  LayerFilter filter;
  std::size_t page_size = kPageMax;
};

ListInput decode_list(const http::Request& request, Problems& problems) {
  ListInput input;
  input.filter = decode_layer_filter(request, problems);
  input.page_size = decode_page_size(request, kPageMax, kPageMax, problems);
  return input;
}

/// The newest version that matches, of a layer whose newest is `newest`; nothing when none does.
catalog::LayerVersionPtr latest_matching(const Context& context, const Call& call,
                                         const LayerFilter& filter,
                                         const catalog::LayerVersionPtr& newest) {
  if (filter.matches(*newest)) return newest;
  for (auto& version : context.catalog.list_layer_versions(call.scope, newest->name, 0, kAll)) {
    if (filter.matches(*version)) return version;
  }
  return nullptr;
}

boost::json::object layer_entry(const catalog::LayerVersion& latest) {
  boost::json::object entry;
  entry["LayerName"] = latest.name;
  entry["LayerArn"] = latest.layer_arn();
  entry["LatestMatchingVersion"] = layer_summary(latest);
  return entry;
}

/// The version number behind a marker of ListLayerVersions; 0 for the first page.
Result<std::uint64_t> decode_before(const http::Request& request) {
  TRY(const auto text, decode_marker(request, "ListLayerVersions"));
  if (text.empty()) return std::uint64_t{0};
  std::uint64_t before = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), before);
  if (error == std::errc() && end == text.data() + text.size() && before > 0) return before;
  return Error(Errc::invalid, "The Marker '" + std::string(*request.query_value("Marker")) +
                                  "' is not one of ListLayerVersions");
}

}  // namespace

Task<http::Response> get_layer_version(Context& context, Call& call) {
  CO_TRY(const auto name, decode_layer_name(call.parameters[0], call.scope));
  CO_TRY(const auto version, decode_layer_version(call.parameters[1]));
  CO_TRY(const auto layer, context.catalog.find_layer_version(call.scope, name, version));
  co_return layer_answer(context, call, *layer);
}

Task<http::Response> get_layer_version_by_arn(Context& context, Call& call) {
  const auto arn = call.request.query_value("Arn");
  Problems problems;
  if (!arn) {
    problems.missing("arn");
  } else if (!is_layer_version_arn(*arn)) {
    problems.violate(*arn, "arn",
                     "satisfy regular expression pattern: " + std::string(kVersionArnPattern));
  }
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  // The name decides about account and region: up to the last colon it is the layer's ARN.
  CO_TRY(const auto name, decode_layer_name(arn->substr(0, arn->rfind(':')), call.scope));
  CO_TRY(const auto version, decode_layer_version(arn->substr(arn->rfind(':') + 1)));
  CO_TRY(const auto layer, context.catalog.find_layer_version(call.scope, name, version));
  co_return layer_answer(context, call, *layer);
}

Task<http::Response> list_layer_versions(Context& context, Call& call) {
  CO_TRY(const auto name, decode_layer_name(call.parameters[0], call.scope));
  Problems problems;
  const ListInput input = decode_list(call.request, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto before, decode_before(call.request));
  boost::json::array versions;
  boost::json::object answer;
  std::uint64_t last = 0;
  for (const auto& layer : context.catalog.list_layer_versions(call.scope, name, before, kAll)) {
    if (!input.filter.matches(*layer)) continue;
    if (versions.size() == input.page_size) {
      answer["NextMarker"] = make_marker(std::to_string(last));
      break;
    }
    last = layer->version;
    versions.push_back(layer_summary(*layer));
  }
  answer["LayerVersions"] = std::move(versions);
  co_return json_response(200, boost::json::serialize(answer));
}

Task<http::Response> list_layers(Context& context, Call& call) {
  Problems problems;
  const ListInput input = decode_list(call.request, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto after, decode_marker(call.request, "ListLayers"));
  boost::json::array layers;
  boost::json::object answer;
  std::string last;
  for (const auto& newest : context.catalog.list_layers(call.scope, after, kAll)) {
    const auto latest = latest_matching(context, call, input.filter, newest);
    if (!latest) continue;
    if (layers.size() == input.page_size) {
      answer["NextMarker"] = make_marker(last);
      break;
    }
    last = latest->name;
    layers.push_back(layer_entry(*latest));
  }
  answer["Layers"] = std::move(layers);
  co_return json_response(200, boost::json::serialize(answer));
}

Task<http::Response> delete_layer_version(Context& context, Call& call) {
  CO_TRY(auto name, decode_layer_name(call.parameters[0], call.scope));
  CO_TRY(const auto version, decode_layer_version(call.parameters[1]));
  CO_TRY(co_await context.catalog.delete_layer_version(call.scope, std::move(name), version));
  co_return http::Response(204);
}

}  // namespace proa::api
