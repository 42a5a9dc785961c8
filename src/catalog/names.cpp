#include "catalog/names.h"

#include "catalog/catalog.h"

#include <charconv>

namespace proa::catalog {
namespace {

constexpr std::size_t kAliasNameMax = 128;

}  // namespace

std::optional<std::uint64_t> parse_version_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last || number == 0 || number > kVersionNumberMax)
    return std::nullopt;
  if (text.front() == '0') return std::nullopt;
  return number;
}

bool is_alias_name(std::string_view text) {
  return is_plain_name(text, kAliasNameMax) &&
         text.find_first_not_of("0123456789") != std::string_view::npos;
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool is_plain_name(std::string_view text, std::size_t size_max) {
  static constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return !text.empty() && text.size() <= size_max &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string_view arn_part(std::string_view arn, int index) {
  for (; index > 0; --index) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return arn.substr(0, arn.find(':'));
}

std::optional<model::FunctionRef> function_of_arn(std::string_view arn, const model::Scope& scope) {
  auto ref = model::parse_function_arn(arn, scope);
  if (!ref) return std::nullopt;
  return std::move(ref).value();
}

}  // namespace proa::catalog
