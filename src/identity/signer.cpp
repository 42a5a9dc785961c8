// The client's side of SigV4.
#include "identity/canonical.h"
#include "identity/hashing.h"
#include "identity/identity.h"
#include "identity/timestamp.h"

#include <algorithm>

namespace proa::identity {
namespace {

std::string scope_text(const std::string& timestamp, const SigningScope& scope) {
  return timestamp.substr(0, 8) + "/" + scope.region + "/" + scope.service + "/aws4_request";
}

/// The signature over a canonical request.
std::string signature_of(const std::string& canonical, const std::string& timestamp,
                         const std::string& secret, const SigningScope& scope) {
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + timestamp + "\n" +
                              scope_text(timestamp, scope) + "\n" + to_hex(sha256(canonical));
  return to_hex(signing_key(secret, timestamp.substr(0, 8), scope.region, scope.service)(to_sign));
}

std::string lower_name(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower_ascii(c);
  return out;
}

}  // namespace

void sign(http::Request& request, const Credentials& credentials, const SigningScope& scope,
          WallTime now) {
  const std::string timestamp = iso_basic(now);
  request.headers.add("X-Amz-Date", timestamp);
  if (!credentials.session_token.empty()) {
    request.headers.add("X-Amz-Security-Token", credentials.session_token);
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    names.push_back(lower_name(request.headers.at(i).first));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::vector<std::string_view> views(names.begin(), names.end());
  std::string canonical;
  append_canonical(request, views, to_hex(sha256(request.body)), false, canonical);
  std::string list;
  for (const std::string& name : names) list.append(list.empty() ? "" : ";").append(name);
  request.headers.add(
      "Authorization",
      "AWS4-HMAC-SHA256 Credential=" + credentials.key_id + "/" + scope_text(timestamp, scope) +
          ", SignedHeaders=" + list +
          ", Signature=" + signature_of(canonical, timestamp, credentials.secret, scope));
}

std::string presign(std::string_view path, const Credentials& credentials,
                    const PresignOptions& options, WallTime now) {
  const std::string timestamp = iso_basic(now);
  http::Request request;
  request.method = "GET";
  request.headers.add("Host", options.host);
  request.target = path;
  const auto add = [&request](std::string_view name, std::string_view value) {
    request.target.append(request.target.find('?') == std::string::npos ? "?" : "&");
    request.target.append(name).append("=").append(http::percent_encode(value));
  };
  add("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
  add("X-Amz-Credential", credentials.key_id + "/" + scope_text(timestamp, options.scope));
  add("X-Amz-Date", timestamp);
  add("X-Amz-Expires", std::to_string(options.validity.count()));
  add("X-Amz-SignedHeaders", "host");
  if (!credentials.session_token.empty()) add("X-Amz-Security-Token", credentials.session_token);
  if (!http::parse_target(request)) return std::string(path);
  const std::string_view names[] = {"host"};
  std::string canonical;
  append_canonical(request, names, to_hex(sha256("")), true, canonical);
  add("X-Amz-Signature", signature_of(canonical, timestamp, credentials.secret, options.scope));
  return request.target;
}

}  // namespace proa::identity
