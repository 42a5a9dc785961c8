// The verifier: one straight list of checks, cheap ones first.
#include "identity/canonical.h"
#include "identity/claim.h"
#include "identity/hashing.h"
#include "identity/identity.h"
#include "identity/timestamp.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

namespace proa::identity {
namespace {

constexpr std::chrono::minutes kSkew{5};
constexpr std::chrono::seconds kPresignedMax{604'800};  ///< a week, as on AWS
constexpr std::size_t kKeysMax = 512;                   ///< derived keys that are kept
constexpr std::string_view kWrongSignature =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.";

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

/// A refusal on its way out of a check.
struct Refused {
  Refusal refusal = Refusal::invalid_signature;
  std::string message;
};
/// Nothing: go on.
using Check = std::optional<Refused>;

Check invalid(std::string text) { return Refused{Refusal::invalid_signature, std::move(text)}; }

bool is_region(std::string_view region) {
  return !region.empty() && region.size() <= 32 &&
         std::all_of(region.begin(), region.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Check check_scope(const Claim& claim, const std::string& service) {
  if (claim.terminator != "aws4_request") {
    return invalid("Credential should be scoped with a valid terminator: 'aws4_request', not '" +
                   std::string(claim.terminator) + "'.");
  }
  if (claim.service != service) {
    return invalid("Credential should be scoped to correct service: '" + service + "'.");
  }
  if (!is_region(claim.region)) {
    return invalid("Credential should be scoped to a valid region.");
  }
  return std::nullopt;
}

std::string minutes_text() { return std::to_string(kSkew.count()) + " min.)"; }

Check check_presigned_time(const Claim& claim, WallTime signed_at, WallTime now) {
  std::int64_t seconds = 0;
  const char* const end = claim.expires.data() + claim.expires.size();
  const auto parsed = std::from_chars(claim.expires.data(), end, seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end || seconds < 0) {
    return Refused{Refusal::incomplete_signature,
                   "X-Amz-Expires must be a number of seconds, not below 0"};
  }
  if (seconds > kPresignedMax.count()) {
    return Refused{Refusal::incomplete_signature,
                   "X-Amz-Expires must be less than a week in seconds; that is, the given "
                   "X-Amz-Expires must be less than 604800 seconds"};
  }
  if (now - signed_at > std::chrono::seconds(seconds)) {
    return invalid("Signature expired: " + iso_basic(signed_at) + " is now earlier than " +
                   iso_basic(now - std::chrono::seconds(seconds)) + " (" + iso_basic(now) + " - " +
                   std::to_string(seconds) + " s)");
  }
  return std::nullopt;
}

Check check_time(const Claim& claim, const std::string& timestamp, WallTime signed_at,
                 WallTime now) {
  if (std::string_view(timestamp).substr(0, 8) != claim.date) {
    return invalid(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
        "HTTP: '" +
        std::string(claim.date) + "' != '" + timestamp.substr(0, 8) + "', from '" + timestamp +
        "'.");
  }
  if (signed_at - now > kSkew) {
    return invalid("Signature not yet current: " + timestamp + " is still later than " +
                   iso_basic(now + kSkew) + " (" + iso_basic(now) + " + " + minutes_text());
  }
  if (claim.is_presigned) return check_presigned_time(claim, signed_at, now);
  if (now - signed_at > kSkew) {
    return invalid("Signature expired: " + timestamp + " is now earlier than " +
                   iso_basic(now - kSkew) + " (" + iso_basic(now) + " - " + minutes_text());
  }
  return std::nullopt;
}

bool is_signed(const Claim& claim, std::string_view name) {
  return std::any_of(claim.signed_headers.begin(), claim.signed_headers.end(),
                     [&](std::string_view one) {
                       return std::equal(one.begin(), one.end(), name.begin(), name.end(),
                                         [](char a, char b) { return a == lower_ascii(b); });
                     });
}

bool begins_proa(std::string_view name) {
  constexpr std::string_view kBegin = "x-proa-";
  return name.size() >= kBegin.size() &&
         std::equal(kBegin.begin(), kBegin.end(), name.begin(),
                    [](char a, char b) { return a == lower_ascii(b); });
}

Check check_headers(const http::Request& request, const Claim& claim) {
  if (!is_signed(claim, "host")) {
    return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const std::string_view name : claim.signed_headers) {
    if (request.headers.find(name)) continue;
    return invalid("The header '" + std::string(name) +
                   "' is one of the SignedHeaders and the request has not got it");
  }
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    const std::string_view name = request.headers.at(i).first;
    if (!begins_proa(name) || is_signed(claim, name)) continue;
    return invalid("The header '" + std::string(name) + "' must be one of the SignedHeaders");
  }
  return std::nullopt;
}

constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_hex(const Sha256Digest& digest, std::string& out) {
  for (const std::byte byte : digest) {
    const auto value = std::to_integer<unsigned>(byte);
    out.push_back(kHexDigits[value >> 4U]);
    out.push_back(kHexDigits[value & 15U]);
  }
}

}  // namespace

struct SignatureVerifier::State {
  struct Derived {
    std::string secret;  ///< what the key was derived from
    HmacKey key;
  };

  explicit State(std::string service_name) : service(std::move(service_name)) {}

  Check check_key(const Claim& claim, const KeyPtr& key, WallTime now) const;
  Check choose_payload_hash(const http::Request& request,
                            const std::optional<Sha256Digest>& body_digest);
  Check check_signature(const http::Request& request, const Claim& claim, const Key& key,
                        const std::string& timestamp);
  Check compare(std::string_view signature, HmacKey& key);
  Check check(const http::Request& request, const Claim& claim, const KeyPtr& key, WallTime now,
              const std::optional<Sha256Digest>& body_digest);

  const std::string service;
  Hasher hash;
  std::string payload_hash;
  std::string canonical;
  std::string to_sign;
  std::string expected;
  std::unordered_map<std::string, Derived, TextHash, std::equal_to<>> derived;  ///< by credential
};

SignatureVerifier::SignatureVerifier(std::string service)
    : state_(std::make_unique<State>(std::move(service))) {}
SignatureVerifier::~SignatureVerifier() = default;

Verdict SignatureVerifier::verify(const http::Request& request, WallTime now, const KeyLookup& keys,
                                  const std::optional<Sha256Digest>& body_digest) {
  Verdict verdict;
  const auto claim = parse_claim(request);
  if (!claim) {
    const bool is_missing = claim.error().code() == Errc::not_found;
    verdict.refusal = is_missing ? Refusal::missing_token : Refusal::incomplete_signature;
    verdict.message = claim.error().message();
    return verdict;
  }
  KeyPtr key = keys.find(claim.value().key_id);
  if (auto refused = state_->check(request, claim.value(), key, now, body_digest)) {
    verdict.refusal = refused->refusal;
    verdict.message = std::move(refused->message);
    return verdict;
  }
  verdict.key = std::move(key);
  verdict.region = claim.value().region;
  return verdict;
}

Check SignatureVerifier::State::check(const http::Request& request, const Claim& claim,
                                      const KeyPtr& key, WallTime now,
                                      const std::optional<Sha256Digest>& body_digest) {
  if (auto refused = check_key(claim, key, now)) return refused;
  if (auto refused = check_scope(claim, service)) return refused;
  const auto signed_at = parse_timestamp(claim.timestamp);
  if (!signed_at) {
    return Refused{Refusal::incomplete_signature,
                   "Date must be in ISO-8601 'basic format'. Got '" +
                       std::string(claim.timestamp.substr(0, 100)) +
                       "'. See http://en.wikipedia.org/wiki/ISO_8601"};
  }
  const std::string timestamp = iso_basic(*signed_at);
  if (auto refused = check_time(claim, timestamp, *signed_at, now)) return refused;
  if (auto refused = check_headers(request, claim)) return refused;
  if (auto refused = choose_payload_hash(request, body_digest)) return refused;
  return check_signature(request, claim, *key, timestamp);
}

Check SignatureVerifier::State::check_key(const Claim& claim, const KeyPtr& key,
                                          WallTime now) const {
  const bool has_token =
      key && claim.token.size() == key->session_token.size() &&
      CRYPTO_memcmp(claim.token.data(), key->session_token.data(), claim.token.size()) == 0;
  if (!has_token) {
    return Refused{Refusal::unknown_key, "The security token included in the request is invalid."};
  }
  if (key->expires <= now) {
    return Refused{Refusal::expired_token, "The security token included in the request is expired"};
  }
  return std::nullopt;
}

/// What stands for the body in the canonical request; checked against the body where it is a hash.
Check SignatureVerifier::State::choose_payload_hash(
    const http::Request& request, const std::optional<Sha256Digest>& body_digest) {
  const auto declared = request.headers.find("X-Amz-Content-Sha256");
  if (declared && declared->starts_with("STREAMING-")) {
    return invalid("The payload signature " + std::string(declared->substr(0, 60)) +
                   " (signed chunks) is not supported by Proa; sign the whole payload");
  }
  if (declared == "UNSIGNED-PAYLOAD") {
    // Lambda does not take unsigned payloads; without a payload the words say nothing.
    if (!request.body.empty()) {
      return invalid(
          "UNSIGNED-PAYLOAD is not accepted for a request with a body; sign its SHA-256");
    }
    payload_hash = *declared;
    return std::nullopt;
  }
  payload_hash.clear();
  append_hex(body_digest ? *body_digest : hash(request.body), payload_hash);
  if (declared && *declared != payload_hash) {
    return invalid("The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  return std::nullopt;
}

Check SignatureVerifier::State::check_signature(const http::Request& request, const Claim& claim,
                                                const Key& key, const std::string& timestamp) {
  canonical.clear();
  const std::span<const std::string_view> names(claim.signed_headers.data(),
                                                claim.signed_headers.size());
  append_canonical(request, names, payload_hash, claim.is_presigned, canonical);
  to_sign.assign("AWS4-HMAC-SHA256\n").append(timestamp).append("\n").append(claim.scope);
  to_sign.push_back('\n');
  append_hex(hash(canonical), to_sign);
  const auto found = derived.find(claim.credential);
  if (found != derived.end() && found->second.secret == key.secret) {
    return compare(claim.signature, found->second.key);
  }
  Derived fresh{key.secret, signing_key(key.secret, claim.date, claim.region, claim.service)};
  if (auto refused = compare(claim.signature, fresh.key)) return refused;
  // Kept only now: otherwise anybody who knows a key's id could fill the place with regions.
  if (derived.size() >= kKeysMax) derived.clear();
  derived.insert_or_assign(std::string(claim.credential), std::move(fresh));
  return std::nullopt;
}

/// Whether `signature` is that of `to_sign`.
Check SignatureVerifier::State::compare(std::string_view signature, HmacKey& key) {
  expected.clear();
  append_hex(key(to_sign), expected);
  const bool is_right = signature.size() == expected.size() &&
                        CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
  if (is_right) return std::nullopt;
  return invalid(std::string(kWrongSignature));
}

}  // namespace proa::identity
