#include "http/server_state.h"

#include "http/awaiting.h"
#include "http/connection.h"

#include <arpa/inet.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace proa::http {
namespace {

namespace asio = boost::asio;

/// Accepts per wake-up: lets requests of present connections run in between.
constexpr int kAcceptBatch = 64;
/// Wait before the next accept when descriptors are used up.
constexpr std::chrono::milliseconds kAcceptPause{100};
/// How long cancelled callbacks get to unwind.
constexpr std::chrono::milliseconds kUnwindTime{1'000};
constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

struct Peer {
  std::string text;
  bool is_loopback = false;
};

Peer describe(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    const bool is_loopback = (ntohl(v4.sin_addr.s_addr) >> 24U) == 127;
    return {std::string(text.data()) + ":" + std::to_string(ntohs(v4.sin_port)), is_loopback};
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127;
    const bool is_loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) || is_mapped;
    return {"[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6.sin6_port)),
            is_loopback};
  }
  return {"unix", address.ss_family == AF_UNIX};
}

}  // namespace

ServerState::ServerState(asio::any_io_executor executor, os::UniqueFd listener,
                         RequestCallback on_request, ServerOptions server_options)
    : callback(std::move(on_request)),
      options(std::move(server_options)),
      executor_(std::move(executor)),
      listener_(executor_),
      sweep_timer_(executor_),
      gone_timer_(executor_) {
  if (listener) listener_.assign(listener.release());
  update_date();
}

Result<void> ServerState::start() {
  if (!listener_.is_open()) return ok();
  int is_listening = 0;
  socklen_t size = sizeof(is_listening);
  const int fd = listener_.native_handle();
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) < 0) {
    return os_error("http server: getsockopt");
  }
  if (is_listening == 0) return Error(Errc::os, "http server: the descriptor is not listening");
  boost::system::error_code error;
  listener_.non_blocking(true, error);
  if (error) return os_error("http server: set non-blocking", error.value());
  is_accepting_ = true;
  auto completion = [self = shared_from_this()](const std::exception_ptr&) {
    self->is_accepting_ = false;
    self->gone_timer_.cancel();
  };
  asio::co_spawn(executor_, accept_loop(shared_from_this()), std::move(completion));
  return ok();
}

asio::awaitable<void> ServerState::accept_loop(std::shared_ptr<ServerState> state) {
  asio::steady_timer pause(state->executor_);
  while (!state->is_closing_) {
    const auto [error] =
        co_await state->listener_.async_wait(asio::posix::stream_descriptor::wait_read, awaiting());
    if (error || state->is_closing_) co_return;
    if (state->accept_waiting()) continue;
    pause.expires_after(kAcceptPause);
    co_await pause.async_wait(awaiting());
  }
}

bool ServerState::accept_waiting() {
  for (int i = 0; i < kAcceptBatch; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    os::UniqueFd socket(::accept4(listener_.native_handle(), reinterpret_cast<sockaddr*>(&address),
                                  &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      const bool is_used_up =
          errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      // With no descriptor left, the oldest idle connection gives its own.
      if (is_used_up && !evict_idle()) return false;
      if (is_used_up) return true;
      continue;  // ECONNABORTED and network errors of that one connection
    }
    ++counters.accepted;
    // The kernel spreads by a hash of addresses: of few connections, one shard may get nearly all.
    if (const auto peer = less_busy_peer()) {
      take_over(peer, std::move(socket), nullptr);
      continue;
    }
    if (!has_room()) {
      ++counters.refused;
      if (!tls) ::send(socket.get(), kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      continue;
    }
    adopt(std::move(socket), address, nullptr);
  }
  return true;
}

std::shared_ptr<ServerState> ServerState::less_busy_peer() const {
  std::shared_ptr<ServerState> best;
  std::size_t least = load();
  for (const auto& weak : peers) {
    auto peer = weak.lock();
    if (!peer || peer.get() == this || peer->is_closing() || peer->load() >= least) continue;
    least = peer->load();
    best = std::move(peer);
  }
  return best;
}

void ServerState::serve(os::UniqueFd connection) {
  if (is_closing_) return;
  ++counters.accepted;
  if (!has_room()) {
    ++counters.refused;
    return;
  }
  ::fcntl(connection.get(), F_SETFL, O_NONBLOCK);
  sockaddr_storage address{};
  address.ss_family = AF_UNIX;
  adopt(std::move(connection), address, nullptr);
}

bool ServerState::has_room() {
  return connections_.size() < options.connections_max || evict_idle();
}

void ServerState::take_over(const std::shared_ptr<ServerState>& state, os::UniqueFd socket,
                            std::unique_ptr<tls::Session> session) {
  // Shared because handlers of Asio are copied in places; a server that has closed meanwhile drops
  // it, as it does with idle connections.
  auto moved = std::make_shared<std::pair<os::UniqueFd, std::unique_ptr<tls::Session>>>(
      std::move(socket), std::move(session));
  ++state->load_;
  asio::post(state->executor_, [state, moved] {
    --state->load_;
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    auto* peer = reinterpret_cast<sockaddr*>(&address);
    if (state->is_closing_ || ::getpeername(moved->first.get(), peer, &size) != 0) return;
    if (!state->has_room()) return;
    state->adopt(std::move(moved->first), address, std::move(moved->second));
  });
}

void ServerState::adopt(os::UniqueFd socket, const sockaddr_storage& address,
                        std::unique_ptr<tls::Session> session) {
  const int on = 1;
  const bool is_tcp = address.ss_family == AF_INET || address.ss_family == AF_INET6;
  if (is_tcp) ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Peer peer = describe(address);
  const asio::generic::stream_protocol protocol(is_tcp ? address.ss_family : AF_UNIX,
                                                is_tcp ? IPPROTO_TCP : 0);
  boost::system::error_code error;
  if (tls && !session) {
    session = tls->accept(socket.get());
    if (!session) return;  // no memory for it
  }
  Connection::Socket stream(executor_);
  stream.assign(protocol, socket.get(), error);
  if (error) return;  // the descriptor closes itself
  (void)socket.release();
  schedule_sweep();
  std::make_shared<Connection>(shared_from_this(), std::move(stream), std::move(session),
                               std::move(peer.text), peer.is_loopback)
      ->spawn();
}

bool ServerState::evict_idle() {
  Connection* oldest = nullptr;
  for (Connection* connection : connections_) {
    const auto phase = connection->phase();
    if (phase != Connection::Phase::idle && phase != Connection::Phase::handshake) continue;
    if (!oldest || connection->waited() > oldest->waited()) oldest = connection;
  }
  if (!oldest) return false;
  oldest->abort();
  return true;
}

ServerState::Connections::iterator ServerState::enter(Connection& connection) {
  ++load_;
  return connections_.insert(connections_.end(), &connection);
}

void ServerState::leave(Connections::iterator position) {
  --load_;
  connections_.erase(position);
  if (is_closing_ && connections_.empty()) gone_timer_.cancel();
}

unsigned ServerState::steps(std::chrono::milliseconds time) const {
  return static_cast<unsigned>(time / options.sweep_interval) + 1;
}

void ServerState::schedule_sweep() {
  if (is_sweeping_ || is_closing_) return;
  is_sweeping_ = true;
  update_date();
  sweep_timer_.expires_after(options.sweep_interval);
  sweep_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    self->is_sweeping_ = false;
    if (!error) self->sweep();
  });
}

void ServerState::sweep() {
  for (const auto& connection : all()) connection->step();
  if (!connections_.empty()) schedule_sweep();
}

void ServerState::update_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  date_line_.assign(text.data(), size);
}

std::vector<std::shared_ptr<Connection>> ServerState::all() const {
  std::vector<std::shared_ptr<Connection>> connections;
  connections.reserve(connections_.size());
  for (Connection* connection : connections_) {
    // One that is being destroyed has no owner any more.
    if (auto shared = connection->weak_from_this().lock()) connections.push_back(std::move(shared));
  }
  return connections;
}

void ServerState::abort_all() {
  is_closing_ = true;
  boost::system::error_code ignored;
  listener_.close(ignored);
  sweep_timer_.cancel();
  for (const auto& connection : all()) connection->abort();
}

asio::awaitable<void> ServerState::wait_until_gone(SteadyTime deadline) {
  while ((!connections_.empty() || is_accepting_) && std::chrono::steady_clock::now() < deadline) {
    gone_timer_.expires_at(deadline);
    co_await gone_timer_.async_wait(awaiting());
  }
}

Task<void> ServerState::close(SteadyTime deadline) {
  is_closing_ = true;
  boost::system::error_code ignored;
  listener_.close(ignored);
  for (const auto& connection : all()) connection->close_if_idle();
  co_await wait_until_gone(deadline);
  const std::size_t left = connections_.size();
  abort_all();
  co_await wait_until_gone(std::chrono::steady_clock::now() + kUnwindTime);
  if (left == 0) co_return ok();
  co_return Error(Errc::deadline, "http server: " + std::to_string(left) +
                                      " connection(s) still busy at the deadline were cancelled");
}

}  // namespace proa::http
