// The form of ARNs in requests, and the characters of their parts. Private to api/.
#pragma once

#include <string_view>

namespace proa::api {

/// arn:PARTITION:SERVICE:REGION:ACCOUNT:..., of which region and account may be empty.
bool is_arn(std::string_view text);

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// A letter, a digit or '-'.
constexpr bool is_dashed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-';
}

}  // namespace proa::api
