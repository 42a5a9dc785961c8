#include "base/utc_text.h"
#include "tls/certificate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace proa::tls {
namespace {

bool is_address(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

/// What is wrong with the certificate that the server has shown.
std::string refusal(long result, const CertificateSummary& shown, const std::string& host) {
  const WallTime now = std::chrono::system_clock::now();
  const std::string names = shown.names.empty() ? shown.subject : joined(shown.names);
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "is for " + names + ", and not for " + host;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      if (shown.not_after > now) return "stands on one that has expired";
      return "has expired on " + utc_text(shown.not_after, "Z");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      if (shown.not_before <= now) return "stands on one that is not valid yet";
      return "is valid from " + utc_text(shown.not_before, "Z") + " on; is the clock right?";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "is signed by an authority that is not known here: " + shown.issuer;
    default:
      return std::string("is not accepted: ") + X509_verify_cert_error_string(result);
  }
}

}  // namespace

ContextPtr Trust::make_context() {
  ContextPtr context = common_context(TLS_client_method());
  if (!context) return context;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, remember_refused);
  SSL_CTX_set_alpn_protos(context.get(), kHttp.data(), static_cast<unsigned>(kHttp.size()));
  return context;
}

// A handshake that fails by its certificate forgets it.
int Trust::remember_refused(int is_accepted, x509_store_ctx_st* verification) {
  const X509* shown = X509_STORE_CTX_get0_cert(verification);
  if (is_accepted == 1 || shown == nullptr) return is_accepted;
  auto* ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* session = static_cast<Session*>(SSL_get_app_data(ssl));
  session->refused_ = std::make_unique<CertificateSummary>(summary_of(*shown));
  return is_accepted;
}

Result<std::shared_ptr<const Trust>> Trust::of_this_machine() {
  ContextPtr context = make_context();
  if (!context || SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return Error(Errc::internal, "TLS: " + take_reason());
  }
  ERR_clear_error();
  return std::shared_ptr<const Trust>(new Trust(std::move(context)));
}

Result<std::shared_ptr<const Trust>> Trust::of(const PemText& file) {
  TRY(const auto authorities, read_certificates(file));
  ContextPtr context = make_context();
  if (!context) return Error(Errc::internal, "TLS: " + take_reason());
  X509_STORE* store = SSL_CTX_get_cert_store(context.get());
  for (const auto& authority : authorities) X509_STORE_add_cert(store, authority.get());
  // A server's own certificate in the file is believed too, as curl and Python do.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  ERR_clear_error();
  return std::shared_ptr<const Trust>(new Trust(std::move(context)));
}

std::unique_ptr<Session> Trust::connect(int socket, const std::string& host) const {
  std::unique_ptr<Session> session(new Session(context_.get(), socket));
  SSL* ssl = session->native();
  if (ssl == nullptr) return nullptr;
  SSL_set_connect_state(ssl);
  SSL_set_app_data(ssl, session.get());
  if (is_address(host)) {
    const bool is_set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    return is_set ? std::move(session) : nullptr;
  }
  const bool is_set =
      SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  return is_set ? std::move(session) : nullptr;
}

Error Trust::failure(const Session& session, const std::string& host, const std::string& peer) {
  if (session.met_plain_http()) {
    return Error(Errc::invalid, peer + " speaks HTTP without TLS: http:// in place of https://");
  }
  const long result = SSL_get_verify_result(session.native());
  if (result == X509_V_OK || !session.refused_) {
    return Error(Errc::unavailable, "no TLS with " + peer + ": " + session.reason());
  }
  return Error(Errc::invalid,
               "the certificate of " + peer + " " + refusal(result, *session.refused_, host));
}

}  // namespace proa::tls
