#include "catalog/access_records.h"

#include "catalog/json_fields.h"
#include "catalog/names.h"

#include <boost/json/array.hpp>

#include <algorithm>
#include <utility>

namespace proa::catalog {
namespace {

namespace json = boost::json;

constexpr std::size_t kUrlIdSize = 32;

json::object to_json(const model::UrlCors& cors) {
  json::object object;
  if (cors.allow_credentials) object.emplace("allow_credentials", *cors.allow_credentials);
  if (cors.allow_headers) object.emplace("allow_headers", json_list(*cors.allow_headers));
  if (cors.allow_methods) object.emplace("allow_methods", json_list(*cors.allow_methods));
  if (cors.allow_origins) object.emplace("allow_origins", json_list(*cors.allow_origins));
  if (cors.expose_headers) object.emplace("expose_headers", json_list(*cors.expose_headers));
  if (cors.max_age) object.emplace("max_age_s", cors.max_age->count());
  return object;
}

json::object to_json(const model::PolicyStatement& statement) {
  json::object object{
      {"id", statement.id}, {"action", statement.action}, {"principal", statement.principal}};
  if (statement.url_auth) object.emplace("url_auth", to_string(*statement.url_auth));
  if (statement.via_url) object.emplace("via_url", *statement.via_url);
  if (statement.source_arn) object.emplace("source_arn", *statement.source_arn);
  if (statement.source_account) object.emplace("source_account", *statement.source_account);
  if (statement.organization) object.emplace("organization", *statement.organization);
  if (statement.event_source_token) {
    object.emplace("event_source_token", *statement.event_source_token);
  }
  return object;
}

Result<model::UrlCors> read_cors(const json::object& object, const std::string& where) {
  JsonFields fields(object, where + ": cors");
  model::UrlCors cors;
  cors.allow_credentials = fields.optional_boolean("allow_credentials");
  cors.allow_headers = fields.optional_texts("allow_headers");
  cors.allow_methods = fields.optional_texts("allow_methods");
  cors.allow_origins = fields.optional_texts("allow_origins");
  cors.expose_headers = fields.optional_texts("expose_headers");
  constexpr std::uint64_t kAgeMostS = model::UrlCors::kMaxAgeMost.count();
  if (const auto age_s = fields.optional_number("max_age_s", 0, kAgeMostS)) {
    cors.max_age = std::chrono::seconds(*age_s);
  }
  TRY(fields.finish());
  return cors;
}

bool is_url_id(std::string_view text) {
  return text.size() == kUrlIdSize && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

Result<model::FunctionUrl> read_url(const json::object& object, const std::string& where) {
  JsonFields fields(object, where);
  model::FunctionUrl url;
  url.id = fields.text("id");
  if (!is_url_id(url.id)) fields.reject("id", "is not 32 letters and digits");
  const auto auth = model::parse_url_auth(fields.text("auth"));
  if (!auth) fields.reject("auth", "is neither NONE nor AWS_IAM");
  url.auth = auth.value_or(url.auth);
  url.created = fields.time("created_ms");
  url.last_modified = fields.time("last_modified_ms");
  const json::object* const cors = fields.optional_object("cors");
  TRY(fields.finish());
  if (cors != nullptr) {
    TRY(url.cors, read_cors(*cors, where));
  }
  return url;
}

Result<model::PolicyStatement> read_statement(const json::object& object,
                                              const std::string& where) {
  JsonFields fields(object, where + ": statement");
  model::PolicyStatement statement;
  statement.id = fields.text("id");
  statement.action = fields.text("action");
  statement.principal = fields.text("principal");
  if (!model::is_principal(statement.principal)) fields.reject("principal", "is no principal");
  if (const auto text = fields.optional_text("url_auth")) {
    statement.url_auth = model::parse_url_auth(*text);
    if (!statement.url_auth) fields.reject("url_auth", "is neither NONE nor AWS_IAM");
  }
  statement.via_url = fields.optional_boolean("via_url");
  statement.source_arn = fields.optional_text("source_arn");
  statement.source_account = fields.optional_text("source_account");
  statement.organization = fields.optional_text("organization");
  statement.event_source_token = fields.optional_text("event_source_token");
  TRY(fields.finish());
  return statement;
}

Result<model::ResourcePolicy> read_policy(const json::object& object, const std::string& where) {
  JsonFields fields(object, where);
  model::ResourcePolicy policy;
  policy.revision_id = fields.text("revision_id");
  const auto statements = fields.objects("statements");
  TRY(fields.finish());
  for (const auto* one : statements) {
    TRY(auto statement, read_statement(*one, where));
    if (policy.find(statement.id) != nullptr) {
      return Error(Errc::corrupt, where + ": there are two statements '" + statement.id + "'");
    }
    policy.statements.push_back(std::move(statement));
  }
  return policy;
}

/// An object of objects by qualifier, each read by `read`.
template <typename Value, typename Read>
Result<std::map<std::string, Value>> read_by_qualifier(const json::object& object,
                                                       const std::string& what, Read read) {
  std::map<std::string, Value> values;
  for (const auto& item : object) {
    const std::string qualifier(item.key());
    const std::string whose = what + " of '" + qualifier + "'";
    if (!item.value().is_object()) return Error(Errc::corrupt, whose + ": is not an object");
    TRY(auto value, read(item.value().get_object(), whose));
    values.emplace(qualifier, std::move(value));
  }
  return values;
}

}  // namespace

json::object urls_to_json(const Urls& urls) {
  json::object object;
  for (const auto& [qualifier, url] : urls) {
    json::object entry{{"id", url.id},
                       {"auth", to_string(url.auth)},
                       {"created_ms", epoch_ms(url.created)},
                       {"last_modified_ms", epoch_ms(url.last_modified)}};
    if (url.cors) entry.emplace("cors", to_json(*url.cors));
    object.emplace(qualifier, std::move(entry));
  }
  return object;
}

json::object policies_to_json(const Policies& policies) {
  json::object object;
  for (const auto& [qualifier, policy] : policies) {
    json::array statements;
    for (const auto& statement : policy.statements) statements.push_back(to_json(statement));
    object.emplace(qualifier, json::object{{"revision_id", policy.revision_id},
                                           {"statements", std::move(statements)}});
  }
  return object;
}

Result<Urls> read_urls(const json::object& object, const std::string& where) {
  return read_by_qualifier<model::FunctionUrl>(object, where + ": URL", read_url);
}

Result<Policies> read_policies(const json::object& object, const std::string& where) {
  return read_by_qualifier<model::ResourcePolicy>(object, where + ": policy", read_policy);
}

}  // namespace proa::catalog
