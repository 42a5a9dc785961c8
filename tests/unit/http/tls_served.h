// A Server that speaks TLS, and a client socket that does.
#pragma once

#include "unit/http/callbacks.h"
#include "unit/tls/made_certificate.h"

#include <boost/asio/post.hpp>
#include <poll.h>

namespace proa::http {

class TlsServed {
 public:
  explicit TlsServed(RequestCallback callback, ServerOptions options = quick_options())
      : served_(Served::Paused{}, std::move(callback), std::move(options)) {
    served_.server().use_tls(tls::context_of(made_));
    served_.run();
  }
  /// As a reload does.
  void use(const tls::Made& made) {
    std::promise<void> done;
    boost::asio::post(served_.context(), [&] {
      served_.server().use_tls(tls::context_of(made));
      done.set_value();
    });
    done.get_future().get();
  }
  Served* operator->() { return &served_; }
  const tls::Made& certificate() const { return made_; }

 private:
  tls::Made made_{tls::Wish{}};
  Served served_;
};

/// Every wait gives up after ten seconds.
class TlsPeer {
 public:
  TlsPeer(std::uint16_t port, const tls::Trust& trust) : peer_(port) {
    session_ = trust.connect(peer_.descriptor(), "localhost");
  }
  bool shake() {
    return go([this] { return session_->handshake(); }) == tls::Outcome::done;
  }
  bool send(std::string_view text) {
    while (!text.empty()) {
      tls::Step step;
      const auto write = [&] { return step = session_->write(text); };
      if (go(write) != tls::Outcome::done) return false;
      text.remove_prefix(step.bytes);
    }
    return true;
  }
  bool read_until(std::string_view text) {
    while (seen_.find(text) == std::string::npos) {
      if (!read_some()) return false;
    }
    return true;
  }
  std::string read_to_end() {
    while (read_some()) {
    }
    return seen_;
  }
  /// The server said itself that nothing more follows.
  bool has_ended() const { return has_ended_; }
  void forget() { seen_.clear(); }
  Peer& bare() { return peer_; }
  tls::Session& session() { return *session_; }

 private:
  template <class Act>
  tls::Outcome go(Act act) {
    for (;;) {
      const tls::Step step = act();
      const bool wants_read = step.outcome == tls::Outcome::wants_read;
      if (!wants_read && step.outcome != tls::Outcome::wants_write) return step.outcome;
      pollfd polled{peer_.descriptor(), static_cast<short>(wants_read ? POLLIN : POLLOUT), 0};
      if (::poll(&polled, 1, 10'000) != 1) return tls::Outcome::failed;
    }
  }
  bool read_some() {
    std::array<char, 16 * 1024> chunk{};
    tls::Step step;
    const auto outcome = go([&] { return step = session_->read(chunk.data(), chunk.size()); });
    has_ended_ = outcome == tls::Outcome::ended;
    if (outcome != tls::Outcome::done) return false;
    seen_.append(chunk.data(), step.bytes);
    return true;
  }
  Peer peer_;
  std::unique_ptr<tls::Session> session_;
  std::string seen_;
  bool has_ended_ = false;
};

}  // namespace proa::http
