// /proa/v1/roles: credentials that functions of an execution role call AWS with. They go in and
// never come out.
#include "api/errors.h"
#include "api/fields.h"
#include "api/operations.h"
#include "base/utc_text.h"
#include "identity/identity.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr auto kRoleMembers = std::to_array<std::string_view>(
    {"arn", "account_id", "access_key_id", "secret_access_key", "session_token", "expires_ms"});

json::object describe(const identity::RoleEntry& role, WallTime now) {
  json::object out;
  out["arn"] = role.name.arn;
  out["account_id"] = role.name.account_id;
  out["set"] = utc_text(role.set, "Z");
  out["is_temporary"] = role.is_temporary;
  out["expires"] = role.expires ? json::value(utc_text(*role.expires, "Z")) : json::value();
  out["is_expired"] = role.expires && *role.expires <= now;
  return out;
}

Result<identity::NewRole> decode_role(const json::object& body, const Fields& fields,
                                      const model::Scope& scope) {
  TRY(check_members(body, kRoleMembers));
  identity::NewRole role;
  role.name.arn = fields.text("arn").value_or("");
  role.name.account_id = fields.text("account_id").value_or(scope.account_id);
  role.credentials.access_key_id = fields.text("access_key_id").value_or("");
  role.credentials.secret_access_key = fields.text("secret_access_key").value_or("");
  role.credentials.session_token = fields.text("session_token").value_or("");
  if (const auto expires_ms = fields.ranged("expires_ms", "expires_ms", 0, identity::kLatestMs)) {
    role.expires = WallTime(std::chrono::milliseconds(*expires_ms));
  }
  return role;
}

Result<void> check_account(const Context& context, const std::string& account_id) {
  const auto accounts = context.keys.accounts();
  const bool is_known = std::any_of(accounts.begin(), accounts.end(),
                                    [&](const auto& account) { return account.id == account_id; });
  if (is_known) return ok();
  return Error(Errc::invalid, "There is no account " + account_id.substr(0, 100) +
                                  "; proa account create makes one");
}

/// Environments that were made before get nothing of the change: idle ones go now, those that have
/// a call after it.
boost::asio::awaitable<void> retire(Context& context, const identity::RoleName& name) {
  if (!context.options.retire_role) co_return;
  co_await context.options.retire_role(name.account_id, name.arn);
}

}  // namespace

Task<http::Response> set_role(Context& context, Call& call) {
  Problems problems;
  json::object body = parse_object(call.request.body, problems);
  identity::erase_secret(call.request.body);
  const Fields fields(body, problems);
  auto decoded = decode_role(body, fields, call.scope);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(auto role, std::move(decoded));
  CO_TRY(check_account(context, role.name.account_id));
  CO_TRY(const auto entry, co_await context.roles.set(std::move(role)));
  co_await retire(context, entry.name);
  co_return json_response(200, json::serialize(describe(entry, context.clock.wall_now())));
}

Task<http::Response> list_roles(Context& context, Call&) {
  json::array roles;
  for (const auto& role : context.roles.entries()) {
    roles.push_back(describe(role, context.clock.wall_now()));
  }
  json::object answer;
  answer["roles"] = std::move(roles);
  co_return json_response(200, json::serialize(answer));
}

Task<http::Response> delete_role(Context& context, Call& call) {
  identity::RoleName name;
  name.arn = std::string(call.request.query_value("arn").value_or(""));
  name.account_id =
      std::string(call.request.query_value("account_id").value_or(call.scope.account_id));
  if (name.arn.empty()) co_return Error(Errc::invalid, "The parameter arn says which role");
  CO_TRY(co_await context.roles.remove(name));
  co_await retire(context, name);
  co_return http::Response(204);
}

}  // namespace proa::api
