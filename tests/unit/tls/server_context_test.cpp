#include "unit/tls/ends.h"

#include <openssl/ssl.h>

namespace proa::tls {
namespace {

std::string refusal(const std::string& chain, const std::string& key) {
  const auto made = ServerContext::make({"--tls-cert c.pem", chain}, {"--tls-key k.pem", key});
  return made ? "" : made.error().message();
}

TEST(ServerContext, RefusesAKeyThatIsAnothers) {
  const Made made{Wish{}};
  const Made other{Wish{}};
  EXPECT_EQ(
      refusal(made.certificate_pem(), other.key_pem()),
      "--tls-key k.pem: is not the key of the certificate in --tls-cert c.pem (CN=localhost)");
  EXPECT_EQ(refusal(made.certificate_pem(), made.key_pem()), "");
}

TEST(ServerContext, TellsAChainInTheWrongOrder) {
  const Made by(authority("CA"));
  const Made made(Wish{}, &by);
  EXPECT_EQ(refusal(by.certificate_pem() + made.certificate_pem(), made.key_pem()),
            "--tls-cert c.pem: the server's own certificate must be the first in it, and is "
            "number 2");
}

TEST(ServerContext, ServesTheWholeChain) {
  const Made root(authority("Root"));
  const Made between(authority("Between"), &root);
  const Made made(Wish{}, &between);
  const auto trust = trust_in(root);
  Ends alone;
  alone.serve(*context_of(made));
  alone.connect(*trust, "localhost");
  EXPECT_FALSE(alone.shake());
  Ends whole;
  whole.serve(*context_of(made, between.certificate_pem()));
  whole.connect(*trust, "localhost");
  EXPECT_TRUE(whole.shake()) << whole.client->reason();
}

/// A client of OpenSSL with settings of its own.
struct OldClient {
  explicit OldClient(int socket) : context(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    ssl = SSL_new(context);
    SSL_set_fd(ssl, socket);
    SSL_set_connect_state(ssl);
  }
  ~OldClient() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  OldClient(const OldClient&) = delete;
  OldClient& operator=(const OldClient&) = delete;
  bool shake(Session& server) {
    for (int i = 0; i < 10; ++i) {
      const bool is_done = SSL_do_handshake(ssl) == 1;
      if (!server.is_open()) (void)server.handshake();
      if (is_done && server.is_open()) return true;
    }
    return false;
  }
  SSL_CTX* context;
  SSL* ssl;
};

TEST(ServerContext, RefusesTlsBefore12AndCiphersWithoutForwardSecrecy) {
  const Made made{Wish{}};
  const auto context = context_of(made);
  Ends old;
  old.serve(*context);
  OldClient with11(old.sockets[1]);
  SSL_set_max_proto_version(with11.ssl, TLS1_1_VERSION);
  EXPECT_FALSE(with11.shake(*old.server));
  EXPECT_EQ(old.server->reason(), "unsupported protocol");  // and not for want of a cipher
  Ends weak;
  weak.serve(*context);
  OldClient with_cbc(weak.sockets[1]);
  SSL_set_max_proto_version(with_cbc.ssl, TLS1_2_VERSION);
  SSL_set_cipher_list(with_cbc.ssl, "ECDHE-ECDSA-AES128-SHA256");
  EXPECT_FALSE(with_cbc.shake(*weak.server));
  Ends good;
  good.serve(*context);
  OldClient with12(good.sockets[1]);
  SSL_set_max_proto_version(with12.ssl, TLS1_2_VERSION);
  EXPECT_TRUE(with12.shake(*good.server)) << good.server->reason();
}

TEST(ServerContext, ChoosesHttp11AndGivesNoTickets) {
  const Made made{Wish{}};
  Ends ends;
  ends.serve(*context_of(made));
  OldClient client(ends.sockets[1]);
  constexpr std::string_view kOffered = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(client.ssl, reinterpret_cast<const unsigned char*>(kOffered.data()),
                      static_cast<unsigned>(kOffered.size()));
  ASSERT_TRUE(client.shake(*ends.server));
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.ssl, &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
  ASSERT_EQ(ends.server->write("x").outcome, Outcome::done);
  char byte = 0;
  EXPECT_EQ(SSL_read(client.ssl, &byte, 1), 1);  // a ticket would have been taken before it
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(client.ssl)), 0);
}

TEST(ServerContext, RefusesAClientThatSpeaksOnlyHttp2) {
  const Made made{Wish{}};
  Ends ends;
  ends.serve(*context_of(made));
  OldClient client(ends.sockets[1]);
  constexpr std::string_view kOffered = "\x02h2";
  SSL_set_alpn_protos(client.ssl, reinterpret_cast<const unsigned char*>(kOffered.data()),
                      static_cast<unsigned>(kOffered.size()));
  EXPECT_FALSE(client.shake(*ends.server));
}

}  // namespace
}  // namespace proa::tls
