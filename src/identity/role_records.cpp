#include "identity/role_records.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::identity {
namespace {

namespace json = boost::json;

constexpr std::int64_t kRoleFormat = 1;

std::string text_in(const json::object& record, std::string_view name) {
  const json::value* value = record.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string().data(), value->get_string().size());
}

std::optional<std::int64_t> number_in(const json::object& record, std::string_view name) {
  const json::value* value = record.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

WallTime from_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 0, kLatestMs)));
}

}  // namespace

std::string record_key(const RoleName& name) { return name.account_id + "/" + name.arn; }

std::string encode(const StoredRole& role) {
  json::object record;
  record["format"] = kRoleFormat;
  record["account_id"] = role.entry.name.account_id;
  record["arn"] = role.entry.name.arn;
  record["set_ms"] = epoch_ms(role.entry.set);
  if (role.entry.expires) record["expires_ms"] = epoch_ms(*role.entry.expires);
  record["access_key_id"] = role.credentials.access_key_id;
  record["secret_access_key"] = role.credentials.secret_access_key;
  record["session_token"] = role.credentials.session_token;
  return json::serialize(record);
}

Result<StoredRole> decode_role(std::string_view key, std::string_view bytes) {
  const std::string where = "record roles '" + std::string(key) + "'";
  json::error_code failed;
  const json::value value = json::parse(json::string_view(bytes.data(), bytes.size()), failed);
  if (failed || !value.is_object()) return Error(Errc::corrupt, where + " is not a JSON object");
  const json::object& record = value.get_object();
  const std::int64_t format = number_in(record, "format").value_or(0);
  if (format != kRoleFormat) {
    return Error(format > kRoleFormat ? Errc::unsupported : Errc::corrupt,
                 where + " has the format " + std::to_string(format));
  }
  StoredRole role;
  role.entry.name = {text_in(record, "account_id"), text_in(record, "arn")};
  role.entry.set = from_ms(number_in(record, "set_ms").value_or(0));
  if (const auto expires = number_in(record, "expires_ms")) role.entry.expires = from_ms(*expires);
  role.credentials.access_key_id = text_in(record, "access_key_id");
  role.credentials.secret_access_key = text_in(record, "secret_access_key");
  role.credentials.session_token = text_in(record, "session_token");
  role.entry.is_temporary = !role.credentials.session_token.empty();
  const bool is_whole = record_key(role.entry.name) == key &&
                        !role.credentials.access_key_id.empty() &&
                        !role.credentials.secret_access_key.empty();
  if (!is_whole) return Error(Errc::corrupt, where + " is not whole");
  return role;
}

}  // namespace proa::identity
