// CreateAlias, GetAlias, ListAliases, UpdateAlias and DeleteAlias:
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/operations.h"
#include "api/paging.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr const char* kNamePattern =
    "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
constexpr const char* kVersionPattern = "satisfy regular expression pattern: (\\$LATEST|[0-9]+)";

void check_name(std::string_view name, Problems& problems) {
  if (!catalog::is_alias_name(name)) problems.violate(name, "name", kNamePattern);
}

bool is_version(std::string_view text) {
  return text == "$LATEST" ||
         (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos);
}

/// The weights of a RoutingConfig: null where there is none, or no such object in it.
const json::object* weights_of(const json::object& body) {
  const json::value* const config = body.if_contains("RoutingConfig");
  if (config == nullptr || !config->is_object()) return nullptr;
  const json::value* const weights = config->get_object().if_contains("AdditionalVersionWeights");
  return weights == nullptr ? nullptr : weights->if_object();
}

/// RoutingConfig: nothing where it is not there, no route where it names none.
std::optional<std::optional<catalog::AliasRoute>> decode_routing(const json::object& body,
                                                                 Problems& problems) {
  const json::value* const config = body.if_contains("RoutingConfig");
  if (config == nullptr || !config->is_object()) return std::nullopt;
  const json::object* const weights = weights_of(body);
  if (weights == nullptr || weights->empty()) return std::optional<catalog::AliasRoute>();
  catalog::AliasRoute route;
  for (const auto& [version, weight] : *weights) {
    route.version = version;
    json::error_code failed;
    route.weight = weight.is_number() ? weight.to_number<double>(failed) : -1;
    const bool is_share = route.weight >= 0 && route.weight <= 1;
    if (!is_share || !catalog::parse_version_number(route.version)) {
      problems.violate(
          "{" + route.version + "=" + json::serialize(weight) + "}",
          "routingConfig.additionalVersionWeights",
          "satisfy constraint: [Map value must satisfy constraint: [Member must have value less "
          "than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must "
          "not be null], Map keys must satisfy constraint: [Member must have length less than or "
          "equal to 1024, Member must have length greater than or equal to 1, Member must satisfy "
          "regular expression pattern: [0-9]+, Member must not be null]]");
    }
  }
  return route;
}

/// Errc: invalid. What the catalog cannot know: how many versions were named.
Result<void> check_routing(const json::object& body) {
  const json::object* const weights = weights_of(body);
  if (weights == nullptr || weights->size() < 2) return ok();
  return Error(Errc::invalid,
               "Number of items in AdditionalVersionWeights cannot be greater than 1");
}

catalog::AliasChange decode_alias(const json::object& body, Problems& problems) {
  const Fields fields(body, problems);
  catalog::AliasChange change;
  change.version = fields.text("FunctionVersion");
  change.description = fields.text("Description");
  change.other = decode_routing(body, problems);
  static_cast<void>(fields.object("RoutingConfig"));  // its type
  if (change.version && !is_version(*change.version)) {
    problems.violate(*change.version, "functionVersion", kVersionPattern);
  }
  if (change.description) {
    check_length(*change.description, kDescriptionMax, "description", problems);
  }
  return change;
}

json::object output(model::FunctionRef ref, const catalog::Alias& alias) {
  ref.qualifier = alias.name;
  json::object out;
  out["AliasArn"] = ref.arn();
  out["Name"] = alias.name;
  out["FunctionVersion"] = alias.version;
  out["Description"] = alias.description;
  if (alias.other) {
    json::object weights;
    weights[alias.other->version] = alias.other->weight;
    json::object routing;
    routing["AdditionalVersionWeights"] = std::move(weights);
    out["RoutingConfig"] = std::move(routing);
  }
  out["RevisionId"] = alias.revision_id;
  return out;
}

Result<model::FunctionRef> decode_aliased(const Call& call) {
  return model::parse_function_ref(call.parameters[0], std::nullopt, call.scope);
}

}  // namespace

Task<http::Response> create_alias(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const auto name = Fields(body, problems).text("Name");
  auto change = decode_alias(body, problems);
  if (!name) problems.missing("name");
  if (name) check_name(*name, problems);
  if (!change.version) problems.missing("functionVersion");
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(check_routing(body));
  CO_TRY(const auto ref, decode_aliased(call));
  CO_TRY(const auto alias, co_await context.catalog.create_alias(ref, *name, std::move(change)));
  co_return json_response(201, json::serialize(output(ref, alias)));
}

Task<http::Response> update_alias(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  std::string name(call.parameters[1]);
  auto change = decode_alias(body, problems);
  change.revision_id = Fields(body, problems).text("RevisionId");
  check_name(name, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(check_routing(body));
  CO_TRY(const auto ref, decode_aliased(call));
  CO_TRY(const auto alias,
         co_await context.catalog.update_alias(ref, std::move(name), std::move(change)));
  co_return json_response(200, json::serialize(output(ref, alias)));
}

Task<http::Response> get_alias(Context& context, Call& call) {
  Problems problems;
  check_name(call.parameters[1], problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(auto ref, decode_aliased(call));
  CO_TRY(const auto record, context.catalog.find(ref));
  const auto* const alias = record->alias_of(std::string(call.parameters[1]));
  if (alias != nullptr) co_return json_response(200, json::serialize(output(ref, *alias)));
  ref.qualifier = std::string(call.parameters[1]);
  co_return Error(Errc::not_found, "Cannot find alias arn: " + ref.arn());
}

Task<http::Response> list_aliases(Context& context, Call& call) {
  Problems problems;
  const std::size_t size = decode_page_size(call.request, kMaxItemsMost, kPageMax, problems);
  const auto version = call.request.query_value("FunctionVersion");
  if (version && !is_version(*version)) {
    problems.violate(*version, "functionVersion", kVersionPattern);
  }
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto ref, decode_aliased(call));
  CO_TRY(const auto after, decode_marker(call.request, "ListAliases"));
  CO_TRY(const auto record, context.catalog.find(ref));
  json::object answer;
  json::array page;
  std::string last;
  for (auto at = record->aliases.upper_bound(after); at != record->aliases.end(); ++at) {
    const catalog::Alias& alias = at->second;
    const bool is_other = alias.other && version && alias.other->version == *version;
    if (version && alias.version != *version && !is_other) continue;
    if (page.size() == size) {
      answer["NextMarker"] = make_marker(last);
      break;
    }
    last = alias.name;
    page.push_back(output(ref, alias));
  }
  answer["Aliases"] = std::move(page);
  co_return json_response(200, json::serialize(answer));
}

Task<http::Response> delete_alias(Context& context, Call& call) {
  Problems problems;
  check_name(call.parameters[1], problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(auto ref, decode_aliased(call));
  CO_TRY(co_await context.catalog.delete_alias(std::move(ref), std::string(call.parameters[1])));
  co_return http::Response(204);
}

}  // namespace proa::api
