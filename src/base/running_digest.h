// SHA-256 of what comes in parts, by OpenSSL. One thread.
#pragma once

#include "base/encoding.h"

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace proa {

/// A value that moves.
class RunningDigest {
 public:
  RunningDigest() : context_(EVP_MD_CTX_new()) { restart(); }
  void restart() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  /// 64 hex digits; begin again with restart().
  std::string hex() {
    Sha256Digest digest = {};
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return to_hex(digest);
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace proa
