#include "identity/claim.h"

#include "base/encoding.h"
#include "identity/identity.h"

#include <algorithm>

namespace proa::identity {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kSignedHeadersMax = 64;

bool is_header_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Splits "a;b;c". False when there is none, too many, or one that is no lower-case name.
bool split_signed_headers(std::string_view text, Claim& claim) {
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(';'));
    const bool is_name =
        !name.empty() && std::all_of(name.begin(), name.end(), is_header_name_char);
    if (!is_name || claim.signed_headers.size() == kSignedHeadersMax) return false;
    claim.signed_headers.push_back(name);
    text.remove_prefix(name.size());
    if (text.empty()) break;
    text.remove_prefix(1);
    if (text.empty()) return false;
  }
  return !claim.signed_headers.empty();
}

/// KEY/DATE/REGION/SERVICE/TERMINATOR; key ids of other systems may have slashes themselves.
bool split_credential(std::string_view credential, Claim& claim) {
  claim.credential = credential;
  std::string_view* const parts[] = {&claim.terminator, &claim.service, &claim.region, &claim.date};
  for (std::string_view* part : parts) {
    const std::size_t slash = credential.rfind('/');
    if (slash == std::string_view::npos) return false;
    *part = credential.substr(slash + 1);
    credential = credential.substr(0, slash);
  }
  claim.key_id = credential;
  claim.scope = claim.credential.substr(std::min(credential.size() + 1, claim.credential.size()));
  return !claim.key_id.empty();
}

Error bad_credential(std::string_view credential) {
  return Error(Errc::invalid,
               "Credential must have exactly 5 slash-delimited elements, e.g. "
               "keyid/date/region/service/term, got '" +
                   std::string(credential.substr(0, 200)) + "'");
}

Error bad_signed_headers() {
  return Error(Errc::invalid,
               "SignedHeaders must be a list of lower-case header names, in order, "
               "with ';' between them");
}

Result<void> fill(Claim& claim, std::string_view credential, std::string_view signed_headers) {
  if (!split_credential(credential, claim)) return bad_credential(credential);
  if (!split_signed_headers(signed_headers, claim)) return bad_signed_headers();
  return ok();
}

/// The value of "NAME=" in the comma-separated list behind the algorithm.
std::string_view parameter(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (item.size() > name.size() && item.starts_with(name) && item[name.size()] == '=') {
      return item.substr(name.size() + 1);
    }
  }
  return {};
}

/// AWS's list of what is missing. The header is repeated only as a hash: it is half a secret.
Error incomplete_header(std::string_view authorization, const Claim& claim,
                        std::string_view credential, std::string_view signed_headers) {
  std::string text;
  const auto require = [&text](std::string_view value, std::string_view name) {
    if (!value.empty()) return;
    text.append("Authorization header requires '").append(name).append("' parameter. ");
  };
  require(credential, "Credential");
  require(claim.signature, "Signature");
  require(signed_headers, "SignedHeaders");
  if (claim.timestamp.empty()) {
    text.append(
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
        "header. ");
  }
  text.append("(Hashed with SHA-256 and encoded with Base64) Authorization=");
  return Error(Errc::invalid, text.append(to_base64(as_chars(sha256(authorization)))));
}

Result<Claim> parse_header(const http::Request& request, std::string_view authorization) {
  const std::string_view algorithm = authorization.substr(0, authorization.find(' '));
  if (algorithm.starts_with("AWS4-") && algorithm != kAlgorithm) {
    return Error(Errc::unsupported,
                 "The signing algorithm " + std::string(algorithm.substr(0, 60)) +
                     " is not supported by Proa; use " + std::string(kAlgorithm));
  }
  Claim claim;
  const std::string_view list =
      algorithm == kAlgorithm ? authorization.substr(algorithm.size()) : std::string_view();
  const std::string_view credential = parameter(list, "Credential");
  const std::string_view signed_headers = parameter(list, "SignedHeaders");
  claim.signature = parameter(list, "Signature");
  claim.token = request.headers.find("X-Amz-Security-Token").value_or(std::string_view());
  claim.timestamp = request.headers.find("X-Amz-Date")
                        .value_or(request.headers.find("Date").value_or(std::string_view()));
  if (credential.empty() || signed_headers.empty() || claim.signature.empty() ||
      claim.timestamp.empty()) {
    return incomplete_header(authorization, claim, credential, signed_headers);
  }
  TRY(fill(claim, credential, signed_headers));
  return claim;
}

Result<Claim> parse_query(const http::Request& request) {
  std::string missing;
  const auto take = [&](std::string_view name) {
    const auto value = request.query_value(name).value_or(std::string_view());
    if (value.empty()) {
      missing.append("AWS query-string parameters must include '").append(name).append("'. ");
    }
    return value;
  };
  Claim claim;
  claim.is_presigned = true;
  const std::string_view algorithm = take("X-Amz-Algorithm");
  const std::string_view credential = take("X-Amz-Credential");
  claim.signature = take("X-Amz-Signature");
  const std::string_view signed_headers = take("X-Amz-SignedHeaders");
  claim.timestamp = take("X-Amz-Date");
  claim.expires = take("X-Amz-Expires");
  claim.token = request.query_value("X-Amz-Security-Token").value_or(std::string_view());
  if (!missing.empty()) {
    return Error(Errc::invalid, missing + "Re-examine the query-string parameters.");
  }
  if (algorithm != kAlgorithm) {
    return Error(Errc::unsupported,
                 "The signing algorithm " + std::string(algorithm.substr(0, 60)) +
                     " is not supported by Proa; use " + std::string(kAlgorithm));
  }
  TRY(fill(claim, credential, signed_headers));
  return claim;
}

}  // namespace

Result<Claim> parse_claim(const http::Request& request) {
  if (const auto authorization = request.headers.find("Authorization")) {
    return parse_header(request, *authorization);
  }
  for (const char* name : {"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Algorithm"}) {
    if (request.query_value(name)) return parse_query(request);
  }
  return Error(Errc::not_found, "Missing Authentication Token");
}

std::optional<std::string_view> claimed_key_id(const http::Request& request) {
  const auto claim = parse_claim(request);
  if (!claim) return std::nullopt;
  return claim.value().key_id;
}

}  // namespace proa::identity
