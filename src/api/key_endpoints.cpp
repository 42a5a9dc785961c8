// /proa/v1/accounts and /proa/v1/keys: who may call, beyond what Lambda's API has words for.
#include "api/errors.h"
#include "api/fields.h"
#include "api/function_output.h"
#include "api/operations.h"
#include "identity/identity.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace proa::api {
namespace {

namespace json = boost::json;
using identity::Right;
using identity::Rights;

json::object describe(const identity::Account& account) {
  json::object out;
  out["account_id"] = account.id;
  out["name"] = account.name;
  if (account.created != WallTime()) out["created"] = lambda_time(account.created);
  return out;
}

json::object describe(const identity::Key& key) {
  json::array rights;
  for (const std::string& name : to_names(key.rights)) rights.emplace_back(name);
  json::object out;
  out["access_key_id"] = key.id;
  out["account_id"] = key.account_id;
  out["rights"] = std::move(rights);
  out["description"] = key.description;
  out["created"] = lambda_time(key.created);
  return out;
}

constexpr auto kAccountMembers = std::to_array<std::string_view>({"name", "account_id"});
constexpr auto kKeyMembers =
    std::to_array<std::string_view>({"account_id", "description", "rights"});

/// What a key gets when nobody says: all that a developer needs, and for the first one the right to
/// make others.
Rights default_rights(bool is_first) {
  Rights rights{Right::invoke, Right::deploy, Right::configure, Right::logs};
  if (is_first) rights.add(Right::admin);
  return rights;
}

Result<identity::NewKey> decode_new_key(const Fields& fields, const Context& context,
                                        const model::Scope& scope) {
  identity::NewKey request;
  request.account_id = fields.text("account_id").value_or(scope.account_id);
  request.description = fields.text("description").value_or("");
  const auto names = fields.texts("rights");
  request.rights = default_rights(!context.keys.is_on());
  if (names) {
    TRY(request.rights, identity::parse_rights(*names));
  }
  return request;
}

}  // namespace

Task<http::Response> create_account(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto name = fields.text("name").value_or("");
  auto id = fields.text("account_id").value_or("");
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(check_members(body, kAccountMembers));
  CO_TRY(const auto account, co_await context.keys.create_account(std::move(name), std::move(id)));
  co_return json_response(201, json::serialize(describe(account)));
}

Task<http::Response> list_accounts(Context& context, Call&) {
  json::array accounts;
  for (const auto& account : context.keys.accounts()) accounts.push_back(describe(account));
  json::object answer;
  answer["accounts"] = std::move(accounts);
  co_return json_response(200, json::serialize(answer));
}

Task<http::Response> create_key(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto request = decode_new_key(fields, context, call.scope);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(check_members(body, kKeyMembers));
  CO_TRY(auto wanted, std::move(request));
  const bool was_on = context.keys.is_on();
  CO_TRY(const auto key, co_await context.keys.create_key(std::move(wanted)));
  json::object answer = describe(*key);
  answer["secret_access_key"] = key->secret;
  answer["auth"] = "on";
  if (!was_on) {
    answer["message"] =
        "This is the first key: from now on every request must be signed with one. The secret is "
        "shown this once.";
  }
  co_return json_response(201, json::serialize(answer));
}

Task<http::Response> list_keys(Context& context, Call&) {
  json::array keys;
  for (const auto& key : context.keys.keys()) keys.push_back(describe(*key));
  json::object answer;
  answer["auth"] = context.keys.is_on() ? "on" : "off";
  answer["keys"] = std::move(keys);
  co_return json_response(200, json::serialize(answer));
}

Task<http::Response> revoke_key(Context& context, Call& call) {
  CO_TRY(co_await context.keys.revoke_key(std::string(call.parameters[0])));
  co_return http::Response(204);
}

}  // namespace proa::api
