// Certificates made by the test that needs them: an authority of its own, and what it signs.
#pragma once

#include "tls/tls.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace proa::tls {

struct Wish {
  std::string name = "localhost";
  std::string alternative_names = "DNS:localhost,IP:127.0.0.1";  ///< empty: none
  long serial = 1;
  long begins_s = -3600;  ///< from now
  long ends_s = 90L * 24 * 3600;
  bool is_authority = false;
};

/// A certificate with its key.
class Made {
 public:
  /// Signed by `issuer`, or by itself.
  explicit Made(const Wish& wish, const Made* issuer = nullptr)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
    X509* made = certificate_.get();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), wish.serial);
    X509_gmtime_adj(X509_getm_notBefore(made), wish.begins_s);
    X509_gmtime_adj(X509_getm_notAfter(made), wish.ends_s);
    X509_set_pubkey(made, key_.get());
    const auto* name = reinterpret_cast<const unsigned char*>(wish.name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8, name, -1, -1, 0);
    X509* by = issuer == nullptr ? made : issuer->certificate_.get();
    X509_set_issuer_name(made, X509_get_subject_name(by));
    if (wish.is_authority) extend(NID_basic_constraints, "critical,CA:TRUE");
    if (!wish.alternative_names.empty()) extend(NID_subject_alt_name, wish.alternative_names);
    EVP_PKEY* by_key = issuer == nullptr ? key_.get() : issuer->key_.get();
    EXPECT_GT(X509_sign(made, by_key, EVP_sha256()), 0);
  }

  std::string certificate_pem() const {
    return written([this](BIO* out) { PEM_write_bio_X509(out, certificate_.get()); });
  }
  std::string key_pem() const {
    return written([this](BIO* out) {
      PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  std::string encrypted_key_pem() const {
    return written([this](BIO* out) {
      char passphrase[] = "secret";
      PEM_write_bio_PKCS8PrivateKey(out, key_.get(), EVP_aes_256_cbc(), passphrase, 6, nullptr,
                                    nullptr);
    });
  }
  std::string certificate_der() const {
    return written([this](BIO* out) { i2d_X509_bio(out, certificate_.get()); });
  }

 private:
  void extend(int kind, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string written(Write write) {
    BIO* out = BIO_new(BIO_s_mem());
    write(out);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    std::string all(text, static_cast<std::size_t>(size));
    BIO_free(out);
    return all;
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

inline Wish authority(const std::string& name) {
  Wish wish;
  wish.name = name;
  wish.alternative_names = "";
  wish.is_authority = true;
  return wish;
}

inline std::shared_ptr<const ServerContext> context_of(const Made& made,
                                                       const std::string& more = "") {
  auto context =
      ServerContext::make({"cert.pem", made.certificate_pem() + more}, {"key.pem", made.key_pem()});
  EXPECT_TRUE(context) << context.error().message();
  return context.value();
}

inline std::shared_ptr<const Trust> trust_in(const Made& authority) {
  return Trust::of({"ca.pem", authority.certificate_pem()}).value();
}

}  // namespace proa::tls
