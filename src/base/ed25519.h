// Ed25519 signatures (RFC 8032), by OpenSSL: who holds the private half has signed these bytes.
// Value types and pure functions, any thread.
#pragma once

#include "base/result.h"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace proa {

inline constexpr std::size_t kEd25519SignatureSize = 64;
using Ed25519Public = std::array<std::byte, 32>;

/// A private half. Copies share it; a value.
class Ed25519Key {
 public:
  /// A new one. Errc: internal (the system gives no entropy).
  static Result<Ed25519Key> make();
  /// Reads what pem() has written. Errc: corrupt (it is no private Ed25519 key).
  static Result<Ed25519Key> from_pem(std::string_view text);

  /// PKCS #8 as PEM: a secret.
  std::string pem() const;
  Ed25519Public public_half() const;
  /// kEd25519SignatureSize bytes; the same for the same message.
  std::string sign(std::string_view message) const;

 private:
  explicit Ed25519Key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

  std::shared_ptr<evp_pkey_st> key_;  ///< shared by copies, since it never changes
};

/// Whether `signature` is one of `message` by the other half of `key`; any bytes.
bool is_signed_by(const Ed25519Public& key, std::string_view message, std::string_view signature);

/// The public half as 64 lower-case hex digits, and back; nothing where it is none.
std::string to_text(const Ed25519Public& key);
std::optional<Ed25519Public> ed25519_public_of(std::string_view text);

}  // namespace proa
