// An HTTP address of a function's own, and what browsers are told of it. Values, no I/O.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
#pragma once

#include "base/units.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::model {

/// Who may call a function URL.
enum class UrlAuth {
  none,     ///< whoever the resource policy lets: in practice everybody
  aws_iam,  ///< who signs, and may
};

/// "NONE" or "AWS_IAM".
inline constexpr std::string_view to_string(UrlAuth auth) {
  return auth == UrlAuth::none ? "NONE" : "AWS_IAM";
}
inline std::optional<UrlAuth> parse_url_auth(std::string_view text) {
  if (text == "NONE") return UrlAuth::none;
  if (text == "AWS_IAM") return UrlAuth::aws_iam;
  return std::nullopt;
}

/// Cross-origin resource sharing: what is set is answered by Proa, instead of by the function.
/// https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
struct UrlCors {
  std::optional<bool> allow_credentials;
  std::optional<std::vector<std::string>> allow_headers;
  std::optional<std::vector<std::string>> allow_methods;  ///< "GET" ..., or "*"
  std::optional<std::vector<std::string>> allow_origins;  ///< "https://a.example", or "*"
  std::optional<std::vector<std::string>> expose_headers;
  std::optional<std::chrono::seconds> max_age;  ///< 0 to 86,400 s

  static constexpr std::chrono::seconds kMaxAgeMost{86'400};
  bool operator==(const UrlCors&) const = default;
};

/// A function URL.
struct FunctionUrl {
  std::string id;  ///< 32 of [a-z0-9], unique; told to nobody but who asks for the URL
  UrlAuth auth = UrlAuth::aws_iam;
  std::optional<UrlCors> cors;
  WallTime created;
  WallTime last_modified;

  bool operator==(const FunctionUrl&) const = default;
};

/// CreateFunctionUrlConfig and UpdateFunctionUrlConfig after decoding: what is set is changed.
struct UrlChange {
  std::optional<UrlAuth> auth;
  std::optional<UrlCors> cors;  ///< replaces all of what was there
};

}  // namespace proa::model
