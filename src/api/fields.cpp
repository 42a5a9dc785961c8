#include "api/fields.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace proa::api {
namespace {

namespace json = boost::json;

bool is_empty(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return true;
    case json::kind::string:
      return value.get_string().empty();
    case json::kind::array:
      return value.get_array().empty();
    case json::kind::object: {
      const json::object& members = value.get_object();
      return std::all_of(members.begin(), members.end(),
                         [](const auto& member) { return is_empty(member.value()); });
    }
    default:
      return false;
  }
}

std::string_view as_view(const json::string& text) { return {text.data(), text.size()}; }

}  // namespace

const json::value* Fields::find(std::string_view key) const {
  const json::value* const value = object_.if_contains({key.data(), key.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

void Fields::mismatch(std::string_view key, std::string_view wanted) const {
  problems_.mismatch("The value of '" + std::string(key) + "' is not " + std::string(wanted));
}

std::optional<std::string_view> Fields::view(std::string_view key) const {
  const json::value* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const json::string* const text = value->if_string()) return as_view(*text);
  mismatch(key, "a string");
  return std::nullopt;
}

std::optional<std::string> Fields::text(std::string_view key) const {
  const auto found = view(key);
  if (!found) return std::nullopt;
  return std::string(*found);
}

std::optional<std::int64_t> Fields::integer(std::string_view key) const {
  const json::value* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const std::int64_t* const number = value->if_int64()) return *number;
  mismatch(key, "an integer");
  return std::nullopt;
}

std::optional<std::int64_t> Fields::ranged(std::string_view key, std::string_view member,
                                           std::int64_t least, std::int64_t most) const {
  const auto value = integer(key);
  if (!value) return std::nullopt;
  check_range(*value, least, most, member, problems_);
  if (*value < least || *value > most) return std::nullopt;
  return value;
}

std::optional<bool> Fields::boolean(std::string_view key) const {
  const json::value* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const bool* const flag = value->if_bool()) return *flag;
  mismatch(key, "true or false");
  return std::nullopt;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view key) const {
  const json::value* const value = find(key);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> list;
  const json::array* const array = value->if_array();
  if (array == nullptr) {
    mismatch(key, "a list of strings");
    return std::nullopt;
  }
  for (const json::value& item : *array) {
    if (const json::string* const text = item.if_string()) {
      list.emplace_back(as_view(*text));
    } else {
      mismatch(key, "a list of strings");
    }
  }
  return list;
}

std::optional<std::map<std::string, std::string>> Fields::map(std::string_view key) const {
  const json::value* const value = find(key);
  if (value == nullptr) return std::nullopt;
  const json::object* const members = value->if_object();
  if (members == nullptr) {
    mismatch(key, "an object of strings");
    return std::nullopt;
  }
  std::map<std::string, std::string> map;
  for (const auto& member : *members) {
    if (const json::string* const text = member.value().if_string()) {
      map.emplace(std::string(member.key().data(), member.key().size()), as_view(*text));
    } else {
      mismatch(key, "an object of strings");
    }
  }
  return map;
}

std::optional<Fields> Fields::object(std::string_view key) const {
  const json::value* const value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const json::object* const members = value->if_object()) return Fields(*members, problems_);
  mismatch(key, "an object");
  return std::nullopt;
}

bool Fields::says_something(std::string_view key) const {
  const json::value* const value = find(key);
  return value != nullptr && !is_empty(*value);
}

json::object parse_object(std::string_view body, Problems& problems) {
  if (body.empty()) return {};
  boost::system::error_code error;
  json::value value = json::parse({body.data(), body.size()}, error);
  if (error) {
    problems.mismatch("Could not parse the request body as JSON: " + error.message());
    return {};
  }
  if (json::object* const object = value.if_object()) return std::move(*object);
  problems.mismatch("The request body is not a JSON object");
  return {};
}

Result<void> check_members(const json::object& body, std::span<const std::string_view> known) {
  for (const auto& member : body) {
    const std::string name(member.key().data(), member.key().size());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return Error(Errc::invalid, "There is no member '" + name + "' in this request");
  }
  return ok();
}

}  // namespace proa::api
