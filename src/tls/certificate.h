// Certificates and keys of OpenSSL, and what they say. Private to tls/.
#pragma once

#include "tls/tls.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace proa::tls {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using CertificatePtr = std::unique_ptr<X509, FreeCertificate>;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

/// All certificates in a PEM file, at least one. Errc: invalid.
Result<std::vector<CertificatePtr>> read_certificates(const PemText& file);
/// The first private key in a PEM file. Errc: invalid (none, encrypted, broken).
Result<KeyPtr> read_key(const PemText& file);
CertificateSummary summary_of(const X509& certificate);
/// The latest entry of OpenSSL's error queue in words, and the queue is empty afterwards.
std::string take_reason();

}  // namespace proa::tls
