#include "identity/key_records.h"

#include "model/account_id.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <limits>

namespace proa::identity {
namespace {

namespace json = boost::json;

constexpr std::int64_t kKeyFormat = 1;

/// The members of a record; the first thing that is wrong with one is kept.
class Record {
 public:
  Record(std::string where, std::string_view bytes) : where_(std::move(where)) {
    json::error_code error;
    json::value value = json::parse(json::string_view(bytes.data(), bytes.size()), error);
    if (error || !value.is_object()) {
      fail("is not a JSON object");
      return;
    }
    object_ = std::move(value.get_object());
    const std::int64_t format = number("format");
    if (format > kKeyFormat) code_ = Errc::unsupported;
    if (format != kKeyFormat) fail("has the format " + std::to_string(format));
  }
  std::string text(json::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value != nullptr && value->is_string()) {
      return std::string(value->get_string().data(), value->get_string().size());
    }
    fail("has no text '" + std::string(name.data(), name.size()) + "'");
    return {};
  }
  std::int64_t number(json::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value != nullptr && value->is_int64()) return value->get_int64();
    fail("has no number '" + std::string(name.data(), name.size()) + "'");
    return 0;
  }
  std::vector<std::string> texts(json::string_view name) {
    std::vector<std::string> list;
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_array()) {
      fail("has no list '" + std::string(name.data(), name.size()) + "'");
      return list;
    }
    for (const json::value& item : value->get_array()) {
      if (item.is_string()) list.emplace_back(item.get_string().data(), item.get_string().size());
    }
    return list;
  }
  WallTime time(json::string_view name) {
    // What system time can hold, in nanoseconds.
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    const std::int64_t ms = number(name);
    if (ms >= 0 && ms <= kMax) return WallTime(std::chrono::milliseconds(ms));
    fail("has no time '" + std::string(name.data(), name.size()) + "'");
    return {};
  }
  void fail(std::string text) {
    if (problem_.empty()) problem_ = std::move(text);
  }
  Result<void> finish() const {
    if (problem_.empty()) return ok();
    return Error(code_, where_ + " " + problem_);
  }

 private:
  std::string where_;
  json::object object_;
  std::string problem_;
  Errc code_ = Errc::corrupt;
};

}  // namespace

std::string principal_of(const Key& key) {
  return "arn:aws:iam::" + key.account_id + ":user/" + key.id;
}

std::string encode(const Account& account) {
  json::object object;
  object["format"] = kKeyFormat;
  object["id"] = account.id;
  object["name"] = account.name;
  object["created_ms"] = epoch_ms(account.created);
  return json::serialize(object);
}

std::string encode(const Key& key) {
  json::array rights;
  for (const std::string& name : to_names(key.rights)) rights.emplace_back(name);
  json::object object;
  object["format"] = kKeyFormat;
  object["id"] = key.id;
  object["secret"] = key.secret;
  object["account_id"] = key.account_id;
  object["description"] = key.description;
  object["rights"] = std::move(rights);
  object["created_ms"] = epoch_ms(key.created);
  return json::serialize(object);
}

Result<Account> decode_account(std::string_view record_key, std::string_view bytes) {
  Record record("record accounts '" + std::string(record_key) + "'", bytes);
  Account account;
  account.id = record.text("id");
  account.name = record.text("name");
  account.created = record.time("created_ms");
  if (account.id != record_key || !model::is_account_id(account.id))
    record.fail("is of another account");
  TRY(record.finish());
  return account;
}

Result<Key> decode_key(std::string_view record_key, std::string_view bytes) {
  Record record("record keys '" + std::string(record_key) + "'", bytes);
  Key key;
  key.id = record.text("id");
  key.secret = record.text("secret");
  key.account_id = record.text("account_id");
  key.description = record.text("description");
  key.created = record.time("created_ms");
  const auto rights = parse_rights(record.texts("rights"));
  if (!rights) record.fail("has a right that is not known");
  if (key.id != record_key || key.secret.empty()) record.fail("is of another key");
  if (!model::is_account_id(key.account_id)) record.fail("has no account");
  TRY(record.finish());
  key.rights = rights.value();
  key.principal = principal_of(key);
  return key;
}

}  // namespace proa::identity
