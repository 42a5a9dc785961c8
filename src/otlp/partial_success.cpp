#include "otlp/partial_success.h"

#include <boost/json/parse.hpp>

#include <charconv>

namespace proa::otlp {
namespace {

namespace json = boost::json;

/// A number, or a text with one: 64-bit integers are texts in protobuf's JSON.
std::uint64_t count_of(const json::value& value) {
  std::uint64_t count = 0;
  if (const auto* text = value.if_string()) {
    std::from_chars(text->data(), text->data() + text->size(), count);
    return count;
  }
  boost::system::error_code failed;
  count = value.to_number<std::uint64_t>(failed);
  return failed ? 0 : count;
}

}  // namespace

std::uint64_t rejected_in(std::string_view answer) {
  boost::system::error_code failed;
  const json::value parsed = json::parse(json::string_view(answer.data(), answer.size()), failed);
  const auto* object = failed ? nullptr : parsed.if_object();
  const auto* partial = object == nullptr ? nullptr : object->if_contains("partialSuccess");
  if (partial == nullptr || !partial->is_object()) return 0;
  for (const auto& [key, value] : partial->as_object()) {
    if (std::string_view(key.data(), key.size()).starts_with("rejected")) return count_of(value);
  }
  return 0;
}

}  // namespace proa::otlp
