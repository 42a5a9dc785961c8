#include "tls/certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

namespace proa::tls {
namespace {

/// Forward secret and authenticated: what every client of the last ten years speaks. TLS 1.3 has
/// nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// RFC 7301: http/1.1 where the client offers it; an end where it offers only others.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(
      &chosen, size, kHttp.data(), static_cast<unsigned>(kHttp.size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_protocol(SSL_CTX* context) {
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // idle connections keep none
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

/// Whether `key` is the key of `certificate`.
bool belongs(X509* certificate, EVP_PKEY* key) {
  const bool is_own = X509_check_private_key(certificate, key) == 1;
  ERR_clear_error();
  return is_own;
}

Error mismatch(const std::vector<CertificatePtr>& chain, EVP_PKEY* own_key, const PemText& file,
               const PemText& key) {
  const auto found =
      std::find_if(chain.begin(), chain.end(),
                   [own_key](const CertificatePtr& each) { return belongs(each.get(), own_key); });
  if (found == chain.end()) {
    return Error(Errc::invalid, key.name + ": is not the key of the certificate in " + file.name +
                                    " (" + summary_of(*chain.front()).subject + ")");
  }
  return Error(Errc::invalid, file.name +
                                  ": the server's own certificate must be the first in it, "
                                  "and is number " +
                                  std::to_string(found - chain.begin() + 1));
}

}  // namespace

void FreeContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<std::shared_ptr<const ServerContext>> ServerContext::make(const PemText& file,
                                                                 const PemText& key) {
  TRY(const auto chain, read_certificates(file));
  TRY(const auto own_key, read_key(key));
  X509* own = chain.front().get();
  if (!belongs(own, own_key.get())) return mismatch(chain, own_key.get(), file, key);
  ContextPtr context = common_context(TLS_server_method());
  if (!context) return Error(Errc::internal, "TLS: " + take_reason());
  set_protocol(context.get());
  ERR_clear_error();
  if (SSL_CTX_use_certificate(context.get(), own) != 1) {
    return Error(Errc::invalid, file.name + ": " + take_reason());  // a key that is too small
  }
  if (SSL_CTX_use_PrivateKey(context.get(), own_key.get()) != 1) {
    return Error(Errc::invalid, key.name + ": " + take_reason());
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) != 1) {
      return Error(Errc::invalid, file.name + ": certificate " + std::to_string(i + 1) +
                                      " in it: " + take_reason());
    }
  }
  return std::shared_ptr<const ServerContext>(
      new ServerContext(std::move(context), summary_of(*own)));
}

std::unique_ptr<Session> ServerContext::accept(int socket) const {
  std::unique_ptr<Session> session(new Session(context_.get(), socket));
  if (session->native() == nullptr) return nullptr;
  SSL_set_accept_state(session->native());
  return session;
}

}  // namespace proa::tls
