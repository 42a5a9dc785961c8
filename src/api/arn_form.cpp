#include "api/arn_form.h"

#include "model/function_ref.h"

#include <algorithm>
#include <array>

namespace proa::api {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_dashed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-';
}
bool is_word(std::string_view text) { return std::all_of(text.begin(), text.end(), is_dashed); }

}  // namespace

bool is_arn(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (std::string_view& part : parts) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const auto& [arn, partition, service, region, account] = parts;
  const bool is_account =
      account.size() == 12 && std::all_of(account.begin(), account.end(), is_digit);
  return arn == "arn" && partition.starts_with("aws") && is_word(partition) && !service.empty() &&
         is_word(service) && (region.empty() || model::has_region_form(region)) &&
         (account.empty() || is_account) && text.find_first_of("\r\n") == std::string_view::npos;
}

}  // namespace proa::api
