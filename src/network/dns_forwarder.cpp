#include "network/dns_forwarder.h"

#include "network/dns_exchange.h"
#include "network/resolv_conf.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace proa::network {
namespace {

namespace asio = boost::asio;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kLoadsKept = 1024;
constexpr std::uint16_t kTypeIxfr = 251;
constexpr std::uint16_t kTypeAxfr = 252;
constexpr std::chrono::milliseconds kAcceptPause{100};

// Counts one thing for as long as it lives.
class Counted {
 public:
  // Not for an aggregate's sake: `load` keeps the number alive that `count` points to.
  template <class Load>
  Counted(const std::shared_ptr<Load>& load, unsigned Load::*count)
      : keep_(load), count_(&(load.get()->*count)) {
    ++*count_;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*count_; }

 private:
  std::shared_ptr<void> keep_;
  unsigned* count_;
};

// An answer after which the resolver library would ask the next server.
bool is_complaint(const DnsBytes& reply) {
  const auto code = std::to_integer<unsigned>(reply[3]) & 0x0fU;
  return code == static_cast<unsigned>(DnsCode::server_failure) ||
         code == static_cast<unsigned>(DnsCode::not_implemented) ||
         code == static_cast<unsigned>(DnsCode::refused);
}

bool would_only_repeat(const boost::system::error_code& error) {
  return error == asio::error::operation_aborted || error == asio::error::bad_descriptor;
}

}  // namespace

DnsForwarder::DnsForwarder(asio::any_io_executor executor, DnsPolicyOf policy_of,
                           DnsSocketSource make_socket, RandomSource& random, DnsOptions options)
    : executor_(std::move(executor)),
      policy_of_(std::move(policy_of)),
      make_socket_(std::move(make_socket)),
      random_(random),
      options_(std::move(options)),
      upstreams_(upstreams_of("")),
      all_ended_(executor_, asio::steady_timer::time_point::max()) {}

void DnsForwarder::set_upstreams(std::string_view resolv_conf) {
  upstreams_ = upstreams_of(resolv_conf);
}

Result<void> DnsForwarder::start(DnsListeners listeners) {
  if (!listeners.udp4 && !listeners.udp6) {
    return Error(Errc::invalid, "the DNS forwarder got no socket to listen on");
  }
  TRY(listen(std::move(listeners.udp4), std::move(listeners.tcp4), AF_INET));
  return listen(std::move(listeners.udp6), std::move(listeners.tcp6), AF_INET6);
}

Result<void> DnsForwarder::listen(os::UniqueFd udp, os::UniqueFd tcp, int family) {
  boost::system::error_code error;
  if (udp) {
    auto socket = std::make_shared<UdpSocket>(executor_);
    socket->assign(family == AF_INET ? asio::ip::udp::v4() : asio::ip::udp::v6(), udp.get(), error);
    if (error) return os_error("serve DNS over UDP", error.value());
    udp.release();
    spawn(serve_udp(std::move(socket)));
  }
  if (tcp) {
    auto acceptor = std::make_shared<Acceptor>(executor_);
    acceptor->assign(family == AF_INET ? asio::ip::tcp::v4() : asio::ip::tcp::v6(), tcp.get(),
                     error);
    if (error) return os_error("serve DNS over TCP", error.value());
    tcp.release();
    spawn(serve_tcp(std::move(acceptor)));
  }
  return ok();
}

Task<void> DnsForwarder::close() {
  is_closing_ = true;
  // A cancelled coroutine may end, and leave the list, while this loop still walks it.
  for (auto next = running_.begin(); next != running_.end();) {
    auto& signal = *next++;
    signal.emit(asio::cancellation_type::terminal);
  }
  if (!running_.empty()) co_await all_ended_.async_wait(kTuple);
  co_return ok();
}

void DnsForwarder::spawn(Nothing work) {
  if (is_closing_) return;
  const auto entry = running_.emplace(running_.end());
  // The only exception that ends these coroutines is Asio's own when they are cancelled: close()
  // wants exactly that, so there is nothing to handle.
  auto ended = [this, entry](const std::exception_ptr&) {
    running_.erase(entry);
    if (is_closing_ && running_.empty()) all_ended_.cancel();
  };
  asio::co_spawn(executor_, std::move(work),
                 asio::bind_cancellation_slot(entry->slot(), std::move(ended)));
}

DnsForwarder::Nothing DnsForwarder::serve_udp(std::shared_ptr<UdpSocket> socket) {
  DnsBytes buffer(kDnsQueryMax + 1);
  for (;;) {
    asio::ip::udp::endpoint client;
    const auto [error, size] =
        co_await socket->async_receive_from(asio::buffer(buffer), client, kTuple);
    if (would_only_repeat(error)) co_return;
    // Errors of earlier answers (an environment that is gone) show up here: nobody's business.
    if (error) continue;
    ++counters_.queries;
    if (size > kDnsQueryMax) {
      ++counters_.malformed;
      continue;
    }
    DnsBytes query(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
    spawn(answer_udp(socket, client, std::move(query)));
  }
}

DnsForwarder::Nothing DnsForwarder::answer_udp(std::shared_ptr<UdpSocket> socket,
                                               asio::ip::udp::endpoint client, DnsBytes query) {
  const DnsBytes reply = co_await answer(DnsTransport::udp, client.address(), std::move(query));
  if (reply.empty()) co_return;
  // If it cannot be sent the client asks again, as with any lost packet.
  co_await socket->async_send_to(asio::buffer(reply), client, kTuple);
}

DnsForwarder::Nothing DnsForwarder::serve_tcp(std::shared_ptr<Acceptor> acceptor) {
  for (;;) {
    auto socket = std::make_shared<TcpSocket>(executor_);
    const auto [error] = co_await acceptor->async_accept(*socket, kTuple);
    if (would_only_repeat(error)) co_return;
    if (error) {  // out of descriptors, most likely: wait instead of spinning
      asio::steady_timer pause(executor_, kAcceptPause);
      co_await pause.async_wait(kTuple);
      continue;
    }
    boost::system::error_code gone;
    const auto peer = socket->remote_endpoint(gone);
    if (gone) continue;
    auto load = load_of(peer.address());
    if (load->connections >= options_.connections_max) {
      ++counters_.throttled;
      continue;
    }
    spawn(serve_connection(std::move(socket), std::move(load), peer.address()));
  }
}

DnsForwarder::Nothing DnsForwarder::serve_connection(std::shared_ptr<TcpSocket> socket,
                                                     std::shared_ptr<Load> load, Address client) {
  const Counted counted(load, &Load::connections);
  auto guard = IdleGuard::make(executor_, socket);
  for (;;) {
    guard->restart(options_.tcp_idle);
    std::array<std::byte, 2> prefix{};
    const auto [no_length, got] = co_await asio::async_read(*socket, asio::buffer(prefix), kTuple);
    const std::size_t size = length_of(prefix);
    if (no_length || size > kDnsQueryMax) co_return;
    DnsBytes query(size);
    const auto [no_query, read] = co_await asio::async_read(*socket, asio::buffer(query), kTuple);
    if (no_query) co_return;
    guard->stop();
    ++counters_.queries;
    const DnsBytes reply = co_await answer(DnsTransport::tcp, client, std::move(query));
    if (reply.empty()) co_return;
    guard->restart(options_.tcp_idle);
    const DnsBytes framed = with_length(reply);
    const auto [no_write, written] =
        co_await asio::async_write(*socket, asio::buffer(framed), kTuple);
    if (no_write) co_return;
  }
}

asio::awaitable<DnsBytes> DnsForwarder::answer(DnsTransport transport, Address client,
                                               DnsBytes query) {
  Result<DnsHead> head = parse_dns(query);
  if (const auto code = refuse_at_once(client, head)) co_return dns_error(query, head, *code);
  const auto load = load_of(client);
  if (load->queries >= options_.queries_max) {
    ++counters_.throttled;
    co_return dns_error(query, head, DnsCode::server_failure);
  }
  const Counted counted(load, &Load::queries);
  auto reply = co_await forward(transport, query, head.value());
  if (!reply) {
    ++counters_.failed;
    co_return dns_error(query, head, DnsCode::server_failure);
  }
  ++counters_.answered;
  set_dns_id(reply.value(), head.value().id);
  co_return std::move(reply.value());
}

std::optional<DnsCode> DnsForwarder::refuse_at_once(const Address& client,
                                                    const Result<DnsHead>& head) {
  const auto policy = policy_of_(client);
  if (!policy || *policy == model::NetworkPolicy::none) {
    ++counters_.refused;
    return DnsCode::refused;
  }
  if (!head || head.value().is_response) {
    ++counters_.malformed;
    return DnsCode::format_error;
  }
  if (head.value().opcode != 0) return DnsCode::not_implemented;
  // Zone transfers are many messages, and nothing a function asks its resolver for.
  if (head.value().type == kTypeAxfr || head.value().type == kTypeIxfr) return DnsCode::refused;
  return std::nullopt;
}

Task<DnsBytes> DnsForwarder::forward(DnsTransport transport, DnsBytes query, DnsHead head) {
  if (options_.before_question) options_.before_question();
  const std::vector<Address> servers = upstreams_;
  Error last(Errc::unavailable, "no DNS server answered");
  DnsBytes complaint;
  for (unsigned round = 0; round < options_.rounds; ++round) {
    for (const Address& server : servers) {
      std::array<std::byte, 2> number{};
      random_.fill(number);
      head.id = static_cast<std::uint16_t>(length_of(number));
      set_dns_id(query, head.id);
      auto reply = co_await ask(transport, server, query, head);
      if (reply && !is_complaint(reply.value())) co_return std::move(reply.value());
      if (reply) {
        complaint = std::move(reply.value());
      } else {
        last = reply.error();
      }
    }
    // The environment knows only one server, us: so the others are asked on its behalf, once.
    if (!complaint.empty()) co_return complaint;
  }
  co_return last;
}

Task<DnsBytes> DnsForwarder::ask(DnsTransport transport, Address server, const DnsBytes& query,
                                 const DnsHead& head) {
  const int family = server.is_v6() ? AF_INET6 : AF_INET;
  auto fd = co_await make_socket_(transport, family);
  if (!fd) co_return fd.error();
  if (transport == DnsTransport::udp) {
    co_return co_await ask_udp(std::move(fd.value()), server, query, head);
  }
  co_return co_await ask_tcp(std::move(fd.value()), server, query, head);
}

Task<DnsBytes> DnsForwarder::ask_udp(os::UniqueFd fd, Address server, const DnsBytes& query,
                                     const DnsHead& head) {
  boost::system::error_code error;
  const asio::ip::udp::endpoint where(server, options_.upstream_port);
  auto socket = std::make_shared<UdpSocket>(executor_);
  socket->assign(where.protocol(), fd.get(), error);
  if (error) co_return os_error("ask a DNS server", error.value());
  fd.release();
  // A connected socket takes packets from this server only, and learns of its refusal.
  socket->connect(where, error);
  if (error) co_return os_error("ask DNS server " + server.to_string(), error.value());
  auto guard = IdleGuard::make(executor_, socket);
  guard->restart(options_.upstream_timeout);
  const auto [not_sent, sent] = co_await socket->async_send(asio::buffer(query), kTuple);
  if (not_sent) co_return os_error("ask DNS server " + server.to_string(), not_sent.value());
  DnsBytes reply(kDnsMessageMax);
  for (;;) {
    const auto [failed, size] = co_await socket->async_receive(asio::buffer(reply), kTuple);
    if (failed) co_return os_error("hear from DNS server " + server.to_string(), failed.value());
    const auto parsed = parse_dns(std::span(reply.data(), size));
    if (parsed && answers(parsed.value(), head)) {
      reply.resize(size);
      co_return reply;
    }
    ++counters_.spoofed;
  }
}

Task<DnsBytes> DnsForwarder::ask_tcp(os::UniqueFd fd, Address server, const DnsBytes& query,
                                     const DnsHead& head) {
  boost::system::error_code error;
  const asio::ip::tcp::endpoint where(server, options_.upstream_port);
  const std::string what = "ask DNS server " + server.to_string() + " over TCP";
  auto socket = std::make_shared<TcpSocket>(executor_);
  socket->assign(where.protocol(), fd.get(), error);
  if (error) co_return os_error(what, error.value());
  fd.release();
  auto guard = IdleGuard::make(executor_, socket);
  guard->restart(options_.upstream_timeout);
  const auto [refused] = co_await socket->async_connect(where, kTuple);
  if (refused) co_return os_error(what, refused.value());
  const DnsBytes framed = with_length(query);
  const auto [not_sent, sent] = co_await asio::async_write(*socket, asio::buffer(framed), kTuple);
  if (not_sent) co_return os_error(what, not_sent.value());
  std::array<std::byte, 2> prefix{};
  const auto [no_length, got] = co_await asio::async_read(*socket, asio::buffer(prefix), kTuple);
  if (no_length) co_return os_error(what, no_length.value());
  DnsBytes reply(length_of(prefix));
  const auto [no_reply, read] = co_await asio::async_read(*socket, asio::buffer(reply), kTuple);
  if (no_reply) co_return os_error(what, no_reply.value());
  const auto parsed = parse_dns(reply);
  if (!parsed || !answers(parsed.value(), head)) {
    ++counters_.spoofed;
    co_return Error(Errc::corrupt, what + ": the answer is not to this question");
  }
  co_return reply;
}

std::shared_ptr<DnsForwarder::Load> DnsForwarder::load_of(const Address& client) {
  if (loads_.size() >= kLoadsKept) {
    std::erase_if(loads_, [](const auto& entry) {
      return entry.second->queries == 0 && entry.second->connections == 0;
    });
  }
  auto& load = loads_[client];
  if (!load) load = std::make_shared<Load>();
  return load;
}

DnsSocketSource own_namespace_sockets() {
  return [](DnsTransport transport, int family) -> Task<os::UniqueFd> {
    const int type = transport == DnsTransport::udp ? SOCK_DGRAM : SOCK_STREAM;
    os::UniqueFd fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) co_return os_error("make a socket for DNS");
    co_return std::move(fd);
  };
}

}  // namespace proa::network
