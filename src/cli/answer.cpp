#include "cli/answer.h"

#include <boost/json/object.hpp>

namespace proa::cli {

namespace json = boost::json;

const json::value* find_in(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  return object == nullptr ? nullptr
                           : object->if_contains(json::string_view(name.data(), name.size()));
}

Result<json::array> array_in(const json::value& value, std::string_view name) {
  const json::value* found = find_in(value, name);
  if (found == nullptr || !found->is_array()) {
    return Error(Errc::corrupt, "the answer has no list '" + std::string(name) +
                                    "': is it a Proa daemon that PROA_ENDPOINT names?");
  }
  return found->get_array();
}

const json::value* object_in(const json::value& value, std::string_view name) {
  const json::value* found = find_in(value, name);
  return found != nullptr && found->is_object() ? found : nullptr;
}

std::string text_in(const json::value& value, std::string_view name) {
  const json::value* found = find_in(value, name);
  if (found == nullptr || !found->is_string()) return {};
  return std::string(found->get_string().data(), found->get_string().size());
}

std::optional<std::int64_t> number_in(const json::value& value, std::string_view name) {
  const json::value* found = find_in(value, name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  json::error_code odd;
  const auto number = found->to_number<std::int64_t>(odd);
  if (odd) return std::nullopt;
  return number;
}

bool flag_in(const json::value& value, std::string_view name) {
  const json::value* found = find_in(value, name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

}  // namespace proa::cli
