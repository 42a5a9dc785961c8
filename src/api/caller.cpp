#include "api/caller.h"

#include "api/host_name.h"

#include <algorithm>

namespace proa::api {
namespace {

constexpr std::size_t kRegionMax = 32;

/// The third part of KEY/DATE/REGION/SERVICE/aws4_request, or nothing.
std::string_view region_in(std::string_view credential) {
  for (int part = 0; part < 2; ++part) {
    const std::size_t slash = credential.find('/');
    if (slash == std::string_view::npos) return {};
    credential.remove_prefix(slash + 1);
  }
  const std::string_view region = credential.substr(0, credential.find('/'));
  const bool is_plain = std::all_of(region.begin(), region.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return is_plain && region.size() <= kRegionMax ? region : std::string_view();
}

std::string_view credential_of(const http::Request& request) {
  constexpr std::string_view kKey = "Credential=";
  if (const auto authorization = request.headers.find("Authorization")) {
    const std::size_t begin = authorization->find(kKey);
    if (begin == std::string_view::npos) return {};
    const std::string_view rest = authorization->substr(begin + kKey.size());
    return rest.substr(0, rest.find_first_of(", "));
  }
  return request.query_value("X-Amz-Credential").value_or(std::string_view());
}

bool is_ours(std::string_view name, const ApiOptions& options) {
  if (is_loopback_name(name)) return true;
  return std::any_of(options.host_names.begin(), options.host_names.end(),
                     [&](const std::string& ours) { return equals_ignoring_case(name, ours); });
}

}  // namespace

model::Scope scope_of(const http::Request& request, const ApiOptions& options) {
  const std::string_view region = region_in(credential_of(request));
  return {options.account_id, region.empty() ? options.region : std::string(region)};
}

Result<void> check_not_a_browser(const http::Request& request, const ApiOptions& options) {
  if (const auto origin = request.headers.find("Origin")) {
    return Error(Errc::denied,
                 "Proa runs without keys (auth: off) and refuses requests of web pages: "
                 "this one has the Origin '" +
                     std::string(*origin) + "'");
  }
  const auto host = request.headers.find("Host");
  if (!host || is_ours(host_name(*host), options)) return ok();  // browsers always send a Host
  return Error(Errc::denied,
               "Proa runs without keys (auth: off) and answers only to its own names: '" +
                   std::string(*host) + "' is not one of them");
}

identity::KeyPtr FunctionKey::find(std::string_view key_id) const {
  if (key_id != caller_.access_key_id) return nullptr;
  auto key = std::make_shared<identity::Key>();
  key->id = caller_.access_key_id;
  key->secret = caller_.secret_access_key;
  key->session_token = caller_.session_token;
  key->account_id = caller_.function->account_id;
  key->principal = caller_.function->role + "/" + caller_.function->name;
  key->rights.add(identity::Right::invoke);
  return key;
}

Result<void> check_function_right(const Operation& operation, const model::FunctionCaller& caller) {
  if (operation.name == "Invoke") return ok();
  const model::FunctionVersion& function = *caller.function;
  return Error(Errc::denied,
               "User: " + function.role + "/" + function.name + " is not authorized to perform: " +
                   std::string(operation.service) + ":" + std::string(operation.name) +
                   " (function code may call functions; other operations need a key of their own)");
}

}  // namespace proa::api
