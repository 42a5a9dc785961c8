#include "api/arn_form.h"

#include "model/account_id.h"
#include "model/function_ref.h"

#include <algorithm>
#include <array>

namespace proa::api {
bool is_arn(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (std::string_view& part : parts) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const auto& [arn, partition, service, region, account] = parts;
  return arn == "arn" && partition.starts_with("aws") &&
         std::all_of(partition.begin(), partition.end(), is_dashed) && !service.empty() &&
         std::all_of(service.begin(), service.end(), is_dashed) &&
         (region.empty() || model::has_region_form(region)) &&
         (account.empty() || model::is_account_id(account)) &&
         text.find_first_of("\r\n") == std::string_view::npos;
}

}  // namespace proa::api
