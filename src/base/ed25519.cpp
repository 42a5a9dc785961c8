#include "base/ed25519.h"

#include "base/encoding.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <charconv>

namespace proa {
namespace {

using SharedKey = std::shared_ptr<evp_pkey_st>;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct FreeSigning {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeParameters {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

SharedKey adopt(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

}  // namespace

Result<Ed25519Key> Ed25519Key::make() {
  const std::unique_ptr<EVP_PKEY_CTX, FreeParameters> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &made) != 1) {
    return Error(Errc::internal, "no Ed25519 key can be made");
  }
  return Ed25519Key(adopt(made));
}

Result<Ed25519Key> Ed25519Key::from_pem(std::string_view text) {
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  // No callback would ask on the terminal for the password of an encrypted one.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  SharedKey key = adopt(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) {
    return Error(Errc::corrupt, "it is no private Ed25519 key");
  }
  return Ed25519Key(std::move(key));
}

std::string Ed25519Key::pem() const {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Ed25519Public Ed25519Key::public_half() const {
  Ed25519Public out{};
  std::size_t size = out.size();
  EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(out.data()), &size);
  return out;
}

std::string Ed25519Key::sign(std::string_view message) const {
  std::string signature(kEd25519SignatureSize, '\0');
  std::size_t size = signature.size();
  const std::unique_ptr<EVP_MD_CTX, FreeSigning> context(EVP_MD_CTX_new());
  EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get());
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                 bytes_of(message), message.size());
  return signature;
}

bool is_signed_by(const Ed25519Public& key, std::string_view message, std::string_view signature) {
  if (signature.size() != kEd25519SignatureSize) return false;
  const SharedKey half = adopt(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(key.data()), key.size()));
  const std::unique_ptr<EVP_MD_CTX, FreeSigning> context(EVP_MD_CTX_new());
  return half && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, half.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

std::string to_text(const Ed25519Public& key) { return to_hex(key); }

std::optional<Ed25519Public> ed25519_public_of(std::string_view text) {
  Ed25519Public key{};
  if (text.size() != 2 * key.size()) return std::nullopt;
  for (std::size_t i = 0; i < key.size(); ++i) {
    unsigned value = 0;
    const char* const end = text.data() + 2 * i + 2;
    const auto read = std::from_chars(end - 2, end, value, 16);
    if (read.ptr != end || text[2 * i] == '-') return std::nullopt;
    key[i] = static_cast<std::byte>(value);
  }
  return key;
}

}  // namespace proa
