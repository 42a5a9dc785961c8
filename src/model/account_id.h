// What an account is called.
#pragma once

#include <string_view>

namespace proa::model {

/// 12 digits, as AWS's are.
/// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
constexpr bool is_account_id(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace proa::model
