#include "catalog/json_fields.h"

#include <boost/json.hpp>

#include <limits>

namespace proa::catalog {

namespace json = boost::json;

constexpr std::uint64_t kTimeMsMax = std::numeric_limits<std::int64_t>::max() / 1000000;

bool JsonFields::has(std::string_view name) const {
  return object_.if_contains(json::string_view(name.data(), name.size())) != nullptr;
}

const json::value* JsonFields::get(std::string_view name) {
  seen_.emplace(name);
  const auto* value = object_.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr) reject(name, "is missing");
  return value;
}

std::string JsonFields::text(std::string_view name) {
  const auto* value = get(name);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  reject(name, "is not a string");
  return {};
}

bool JsonFields::boolean(std::string_view name) {
  const auto* value = get(name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  reject(name, "is not a boolean");
  return false;
}

std::uint64_t JsonFields::number(std::string_view name, std::uint64_t min, std::uint64_t max) {
  const auto* value = get(name);
  if (value == nullptr) return min;
  std::uint64_t number = 0;
  if (value->is_uint64()) {
    number = value->get_uint64();
  } else if (value->is_int64() && value->get_int64() >= 0) {
    number = static_cast<std::uint64_t>(value->get_int64());
  } else {
    reject(name, "is not a whole number");
    return min;
  }
  if (number >= min && number <= max) return number;
  reject(name, "is " + std::to_string(number) + ", not " + std::to_string(min) + " to " +
                   std::to_string(max));
  return min;
}

std::optional<std::uint64_t> JsonFields::optional_number(std::string_view name, std::uint64_t min,
                                                         std::uint64_t max) {
  if (!has(name)) return std::nullopt;
  return number(name, min, max);
}

std::optional<double> JsonFields::optional_fraction(std::string_view name) {
  if (!has(name)) return std::nullopt;
  const auto* value = get(name);
  json::error_code failed;
  const double number = value->to_number<double>(failed);
  if (failed || !(number >= 0 && number <= 1)) {
    reject(name, "is not a number from 0 to 1");
    return std::nullopt;
  }
  return number;
}

WallTime JsonFields::time(std::string_view name) {
  return WallTime(std::chrono::milliseconds(number(name, 0, kTimeMsMax)));
}

std::optional<std::string> JsonFields::optional_text(std::string_view name) {
  if (!has(name)) return std::nullopt;
  return text(name);
}

std::optional<bool> JsonFields::optional_boolean(std::string_view name) {
  if (!has(name)) return std::nullopt;
  return boolean(name);
}

std::optional<std::vector<std::string>> JsonFields::optional_texts(std::string_view name) {
  if (!has(name)) return std::nullopt;
  return texts(name);
}

const json::object* JsonFields::optional_object(std::string_view name) {
  return has(name) ? &object(name) : nullptr;
}

std::map<std::string, std::string> JsonFields::text_map(std::string_view name) {
  std::map<std::string, std::string> texts;
  for (const auto& item : object(name)) {
    if (!item.value().is_string()) {
      reject(name, "holds a value that is not a string");
      break;
    }
    texts.emplace(item.key(), item.value().get_string());
  }
  return texts;
}

std::vector<std::string> JsonFields::texts(std::string_view name) {
  const auto* value = get(name);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (!value->is_array()) {
    reject(name, "is not a list");
    return texts;
  }
  for (const auto& item : value->get_array()) {
    if (!item.is_string()) {
      reject(name, "holds what is not a string");
      break;
    }
    texts.emplace_back(item.get_string());
  }
  return texts;
}

const json::object& JsonFields::object(std::string_view name) {
  static const json::object kEmpty;
  const auto* value = get(name);
  if (value == nullptr) return kEmpty;
  if (value->is_object()) return value->get_object();
  reject(name, "is not an object");
  return kEmpty;
}

std::vector<const json::object*> JsonFields::objects(std::string_view name) {
  const auto* value = get(name);
  std::vector<const json::object*> objects;
  if (value == nullptr) return objects;
  if (!value->is_array()) {
    reject(name, "is not a list");
    return objects;
  }
  for (const auto& item : value->get_array()) {
    if (!item.is_object()) {
      reject(name, "holds what is not an object");
      break;
    }
    objects.push_back(&item.get_object());
  }
  return objects;
}

void JsonFields::reject(std::string_view name, std::string_view what) {
  if (problem_) return;
  problem_ = where_ + ": field '" + std::string(name) + "' " + std::string(what);
}

Result<void> JsonFields::finish() const {
  if (problem_) return Error(Errc::corrupt, *problem_);
  for (const auto& item : object_) {
    const std::string_view key(item.key().data(), item.key().size());
    if (seen_.count(key) != 0) continue;
    return Error(Errc::corrupt, where_ + ": unknown field '" + std::string(key) + "'");
  }
  return ok();
}

Result<json::object> parse_record(std::string_view bytes, std::uint64_t newest,
                                  const std::string& where) {
  json::error_code error;
  json::value value = json::parse(json::string_view(bytes.data(), bytes.size()), error);
  if (error) return Error(Errc::corrupt, where + ": not JSON: " + error.message());
  if (!value.is_object()) return Error(Errc::corrupt, where + ": not a JSON object");
  const auto* format = value.get_object().if_contains("format");
  if (format == nullptr || !format->is_int64() || format->get_int64() < 1) {
    return Error(Errc::corrupt, where + ": no format number");
  }
  if (static_cast<std::uint64_t>(format->get_int64()) > newest) {
    return Error(Errc::unsupported, where + ": has format " + std::to_string(format->get_int64()) +
                                        ", this Proa knows formats up to " +
                                        std::to_string(newest));
  }
  return std::move(value.get_object());
}

}  // namespace proa::catalog
