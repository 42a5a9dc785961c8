// Certificates and keys of OpenSSL, and what they say. Private to tls/.
#pragma once

#include "tls/tls.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
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

/// http/1.1 as ALPN has it (RFC 7301): each name behind its length.
constexpr std::array<unsigned char, 9> kHttp = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
/// What servers and clients have in common; null without memory.
ContextPtr common_context(const SSL_METHOD* method);

}  // namespace proa::tls
