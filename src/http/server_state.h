// What a Server and its connections share. Private to http/.
#pragma once

#include "http/http.h"
#include "tls/tls.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace proa::http {

class Connection;

/// The server itself, apart from its handle. One executor; owned by the Server and by the
/// coroutines that still need it. Knows its connections by plain pointers: each enters itself when
/// it is made and leaves when it is destroyed, so there is no circle of owners.
class ServerState : public std::enable_shared_from_this<ServerState> {
 public:
  ServerState(boost::asio::any_io_executor executor, os::UniqueFd listener,
              RequestCallback callback, ServerOptions options);

  Result<void> start();
  Task<void> close(SteadyTime deadline);
  void serve(os::UniqueFd connection);
  /// Closes everything at once; running callbacks are cancelled. Needs no waiting.
  void abort_all();

  /// Takes over a connection that a peer has let go, on our executor; `session`: its TLS, none
  /// where it has not begun. Any thread.
  static void take_over(const std::shared_ptr<ServerState>& state, os::UniqueFd socket,
                        std::unique_ptr<tls::Session> session);

  using Connections = std::list<Connection*>;
  Connections::iterator enter(Connection& connection);
  void leave(Connections::iterator position);

  /// Steps of the sweep timer that cover `time`.
  unsigned steps(std::chrono::milliseconds time) const;
  /// "Date: ...\r\n", at most one step old.
  const std::string& date_line() const { return date_line_; }
  bool is_closing() const { return is_closing_; }  // any thread

  const RequestCallback callback;
  const ServerOptions options;
  ServerCounters counters;
  /// For connections to come; null: plain HTTP. Shared: see tls::ServerContext.
  std::shared_ptr<const tls::ServerContext> tls;
  void count_answer(int status) {
    ++counters.answers[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)];
  }
  /// Set before the server runs, then only read. Weak: peers point to each other.
  std::vector<std::weak_ptr<ServerState>> peers;
  std::size_t connection_count() const { return connections_.size(); }
  /// Connections here and on their way here. Any thread.
  std::size_t load() const { return load_.load(std::memory_order_relaxed); }

 private:
  static boost::asio::awaitable<void> accept_loop(std::shared_ptr<ServerState> state);
  /// Takes waiting connections; false when descriptors or memory are used up.
  bool accept_waiting();
  /// The peer with the fewest connections, if it has fewer than we have.
  std::shared_ptr<ServerState> less_busy_peer() const;
  /// Whether one more connection has room, if need be in place of an idle one.
  bool has_room();
  void adopt(os::UniqueFd socket, const struct sockaddr_storage& address,
             std::unique_ptr<tls::Session> session);
  /// Makes room by closing the connection that has been idle longest (or has not begun); false when
  /// all are busy.
  bool evict_idle();
  void schedule_sweep();
  void sweep();
  void update_date();
  std::vector<std::shared_ptr<Connection>> all() const;
  boost::asio::awaitable<void> wait_until_gone(SteadyTime deadline);

  boost::asio::any_io_executor executor_;
  boost::asio::posix::stream_descriptor listener_;
  boost::asio::steady_timer sweep_timer_;
  boost::asio::steady_timer gone_timer_;
  Connections connections_;
  std::atomic<std::size_t> load_{0};
  std::string date_line_;
  bool is_sweeping_ = false;
  bool is_accepting_ = false;
  std::atomic<bool> is_closing_ = false;
};

}  // namespace proa::http
