// Identity: who calls, and what they may do.
//
// Nouns: Account (12 digits; functions belong to it), Key (an access key with a secret, an account
// and rights), KeyLookup (where a verifier finds keys), SignatureVerifier (AWS Signature Version 4:
// header form and presigned query), Verdict (the key that signed, or why the request is refused),
// KeyStore (the accounts and keys of this daemon), RoleStore (AWS credentials for functions, by
// role: docs/guides/roles.md). `api` verifies every request with it before
// anything is placed; `cli` signs with sign(). Underneath: storage for the records. Secrets are
// kept as they are, since SigV4 needs them again: docs/decisions/0007-keys-and-signatures.md.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
#pragma once

#include "base/encoding.h"
#include "base/units.h"
#include "http/http.h"
#include "identity/key_store.h"
#include "identity/keys.h"
#include "identity/rights.h"
#include "identity/role_store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace proa::identity {

/// Why a request is not served; each is one of AWS's exceptions.
enum class Refusal {
  missing_token,         ///< neither an Authorization header nor a presigned query
  incomplete_signature,  ///< parts are missing, or not of their form
  unknown_key,           ///< no such key, or not its session token
  expired_token,         ///< temporary credentials whose time is over
  invalid_signature,     ///< wrong signature, scope, time, or something that must be signed is not
};

/// What a signature proves.
struct Verdict {
  KeyPtr key;               ///< who signed; null when refused
  std::string_view region;  ///< of the credential scope; a view into the request
  Refusal refusal = Refusal::missing_token;
  std::string message;  ///< AWS's text for the refusal
};

/// Verifies AWS Signature Version 4. One a shard: keeps derived signing keys (key, day, region) and
/// hash contexts, and is not thread-safe. What it answers depends on its arguments alone.
class SignatureVerifier {
 public:
  /// `service` is what credential scopes must name.
  explicit SignatureVerifier(std::string service = "lambda");
  ~SignatureVerifier();

  /// Who signed `request`. `body_digest` is the SHA-256 of the body where it is known already (it
  /// costs 0.5 ms a MiB), else it is made here. Never waits.
  Verdict verify(const http::Request& request, WallTime now, const KeyLookup& keys,
                 const std::optional<Sha256Digest>& body_digest = std::nullopt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The key id that `request` claims, unverified; nothing when it claims none. A view into it.
std::optional<std::string_view> claimed_key_id(const http::Request& request);

/// What a client signs with.
struct Credentials {
  std::string key_id;
  std::string secret;
  std::string session_token;  ///< empty: none
};

/// The scope of a signature.
struct SigningScope {
  std::string region;
  std::string service = "lambda";
};

/// Adds X-Amz-Date, X-Amz-Security-Token where there is a token, and Authorization. `request` has
/// method, target (parsed), body and all headers that are to be signed, Host among them.
void sign(http::Request& request, const Credentials& credentials, const SigningScope& scope,
          WallTime now);

/// A path ("/a/b", encoded) with the query that lets anybody GET it at `host` until `validity` is
/// over, as the owner of the credentials.
struct PresignOptions {
  std::string host;
  SigningScope scope;
  std::chrono::seconds validity{600};
};
std::string presign(std::string_view path, const Credentials& credentials,
                    const PresignOptions& options, WallTime now);

}  // namespace proa::identity
