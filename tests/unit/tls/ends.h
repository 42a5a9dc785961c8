// Two sessions over a pair of sockets, driven by hand.
#pragma once

#include "unit/tls/made_certificate.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace proa::tls {

/// Both ends of one connection; the test closes and drives them.
struct Ends {
  Ends() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets.data()),
              0);
  }
  ~Ends() {
    for (const int socket : sockets) {
      if (socket >= 0) ::close(socket);
    }
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  void close_client() {
    ::close(sockets[1]);
    sockets[1] = -1;
  }
  void serve(const ServerContext& context) { server = context.accept(sockets[0]); }
  void connect(const Trust& trust, const std::string& host) {
    client = trust.connect(sockets[1], host);
  }
  /// Both handshakes, until neither moves; whether both are open.
  bool shake() {
    for (int i = 0; i < 10; ++i) {
      if (!client->is_open()) client_step = client->handshake();
      if (!server->is_open()) server_step = server->handshake();
      if (client->is_open() && server->is_open()) return true;
    }
    return false;
  }

  std::array<int, 2> sockets{-1, -1};
  std::unique_ptr<Session> server;
  std::unique_ptr<Session> client;
  Step server_step;
  Step client_step;
};

inline std::string read_from(Session& session, Outcome& outcome) {
  std::array<char, 64 * 1024> chunk{};
  const Step step = session.read(chunk.data(), chunk.size());
  outcome = step.outcome;
  return {chunk.data(), step.bytes};
}

}  // namespace proa::tls
