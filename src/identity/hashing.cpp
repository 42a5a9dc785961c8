#include "identity/hashing.h"

#include "base/check.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <string>

namespace proa::identity {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

void Hasher::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }
void Hasher::Free::operator()(evp_md_st* algorithm) const { EVP_MD_free(algorithm); }
void HmacKey::Free::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

Hasher::Hasher()
    : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
  check(algorithm_ && context_, "OpenSSL has no SHA-256");
}

Sha256Digest Hasher::operator()(std::string_view bytes) {
  Sha256Digest digest{};
  const bool is_done =
      EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
      EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1 &&
      EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                         nullptr) == 1;
  check(is_done, "OpenSSL could not hash");
  return digest;
}

HmacKey::HmacKey(std::string_view key) {
  struct FreeMac {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  };
  const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  check(mac != nullptr, "OpenSSL has no HMAC");
  context_.reset(EVP_MAC_CTX_new(mac.get()));
  std::string digest = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  check(context_ && EVP_MAC_init(context_.get(), bytes_of(key), key.size(), parameters) == 1,
        "OpenSSL refused a key for HMAC");
}

Sha256Digest HmacKey::operator()(std::string_view bytes) {
  Sha256Digest digest{};
  std::size_t size = 0;
  // No key again: the context goes back to where the constructor left it.
  const bool is_done =
      EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
      EVP_MAC_update(context_.get(), bytes_of(bytes), bytes.size()) == 1 &&
      EVP_MAC_final(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                    digest.size()) == 1;
  check(is_done && size == digest.size(), "OpenSSL could not compute an HMAC");
  return digest;
}

HmacKey signing_key(std::string_view secret, std::string_view date, std::string_view region,
                    std::string_view service) {
  const Sha256Digest of_date = HmacKey("AWS4" + std::string(secret))(date);
  const Sha256Digest of_region = HmacKey(as_chars(of_date))(region);
  const Sha256Digest of_service = HmacKey(as_chars(of_region))(service);
  return HmacKey(as_chars(HmacKey(as_chars(of_service))("aws4_request")));
}

}  // namespace proa::identity
