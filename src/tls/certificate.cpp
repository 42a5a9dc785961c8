#include "tls/certificate.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

namespace proa::tls {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

BioPtr reader_of(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Called when a key is encrypted; `asked` remembers it. Nobody is asked: a daemon has no terminal.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

/// Why a file has no such block: what it is in its place.
std::string what_it_is(const std::string& text) {
  if (text.empty()) return "is empty";
  if (text.front() == '\x30') {
    return "is in DER, not in PEM (openssl x509 or openssl pkey, -inform der, turns it to PEM)";
  }
  if (text.find("-----BEGIN ") == std::string::npos) return "is not a PEM file";
  return {};
}

bool has_block(const std::string& text, std::string_view kind) {
  return text.find("-----BEGIN " + std::string(kind)) != std::string::npos;
}

std::string name_text(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  // UTF-8 as it is, all else escaped as RFC 2253 says.
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string serial_text(const X509& certificate) {
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr);
  char* digits = number == nullptr ? nullptr : BN_bn2hex(number);
  std::string text = digits == nullptr ? "" : digits;
  OPENSSL_free(digits);
  BN_free(number);
  return text;
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  const bool has_size = ASN1_STRING_length(address) == 4 || ASN1_STRING_length(address) == 16;
  if (!has_size) return {};
  const char* made = ::inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size());
  return made == nullptr ? std::string() : std::string(made);
}

std::vector<std::string> names_of(const X509& certificate) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    std::string text;
    if (name->type == GEN_DNS) {
      text.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                  static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      text = address_text(name->d.iPAddress);
    }
    if (!text.empty()) out.push_back(std::move(text));
  }
  GENERAL_NAMES_free(names);
  return out;
}

}  // namespace

ContextPtr common_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // A partial write is what a slow peer's timeout counts as progress; its rest may stand elsewhere
  // by then.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A read comes back behind each record without data (KeyUpdate): with the default a peer that
  // sends nothing else would keep the shard in one SSL_read for as long as it likes.
  SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context.get(), 1);  // a record in one recv
  return context;
}

std::string take_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "error " + std::to_string(code) : std::string(reason);
}

Result<std::vector<CertificatePtr>> read_certificates(const PemText& file) {
  std::vector<CertificatePtr> chain;
  const BioPtr bio = reader_of(file.text);
  ERR_clear_error();
  bool is_asked = false;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, &is_asked)) {
    chain.emplace_back(next);
  }
  const unsigned long last = ERR_peek_last_error();
  const bool is_end =
      ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  const std::string reason = take_reason();
  if (!is_end) {
    return Error(Errc::invalid, file.name + ": certificate " + std::to_string(chain.size() + 1) +
                                    " in it is broken: " + reason);
  }
  if (!chain.empty()) return chain;
  std::string why = what_it_is(file.text);
  if (why.empty()) why = "has no certificate in it";
  if (file.text.find("PRIVATE KEY-----") != std::string::npos) why = "holds a key, no certificate";
  return Error(Errc::invalid, file.name + ": " + why);
}

Result<KeyPtr> read_key(const PemText& file) {
  const BioPtr bio = reader_of(file.text);
  ERR_clear_error();
  bool is_asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &is_asked));
  const std::string reason = take_reason();
  if (key) return key;
  if (is_asked) {
    return Error(Errc::invalid, file.name +
                                    ": the key is encrypted, and a daemon has nobody to ask for "
                                    "the passphrase (openssl pkey -in FILE -out NEW takes it off)");
  }
  std::string why = what_it_is(file.text);
  if (why.empty() && file.text.find("PRIVATE KEY-----") != std::string::npos) {
    why = "the key in it is broken: " + reason;
  } else if (why.empty()) {
    why = has_block(file.text, "CERTIFICATE") ? "holds a certificate, no private key"
                                              : "has no private key in it";
  }
  return Error(Errc::invalid, file.name + ": " + why);
}

CertificateSummary summary_of(const X509& certificate) {
  CertificateSummary out;
  out.subject = name_text(X509_get_subject_name(&certificate));
  out.issuer = name_text(X509_get_issuer_name(&certificate));
  out.serial = serial_text(certificate);
  out.names = names_of(certificate);
  out.not_before = time_of(X509_get0_notBefore(&certificate));
  out.not_after = time_of(X509_get0_notAfter(&certificate));
  return out;
}

}  // namespace proa::tls
