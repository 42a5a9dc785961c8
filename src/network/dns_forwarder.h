// DnsForwarder: answers the DNS queries of environments by asking the host's resolvers.
#pragma once

#include "base/random.h"
#include "base/task.h"
#include "model/function.h"
#include "network/dns_message.h"
#include "os/unique_fd.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace proa::network {

enum class DnsTransport { udp, tcp };

/// Bound, non-blocking sockets at the gateway address; those of IPv6 may be missing.
struct DnsListeners {
  DnsListeners() = default;
  os::UniqueFd udp4;
  os::UniqueFd tcp4;
  os::UniqueFd udp6;
  os::UniqueFd tcp6;
};

struct DnsOptions {
  std::chrono::milliseconds upstream_timeout{2000};  ///< one try of one server
  unsigned rounds = 2;                         ///< how often the list of servers is gone through
  std::chrono::milliseconds tcp_idle{10'000};  ///< a client's silent TCP connection is closed
  unsigned queries_max = 64;                   ///< in flight, of one environment
  unsigned connections_max = 8;                ///< open TCP connections, of one environment
  std::uint16_t upstream_port = 53;
  /// Called before each question goes upstream: the time to call set_upstreams().
  std::function<void()> before_question;
};

/// What happened so far; for metrics.
struct DnsCounters {
  std::uint64_t queries = 0;
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;    ///< by policy, or from an address of no environment
  std::uint64_t malformed = 0;  ///< not a query a forwarder can pass on
  std::uint64_t throttled = 0;  ///< over queries_max or connections_max
  std::uint64_t failed = 0;     ///< no upstream answered
  std::uint64_t spoofed = 0;    ///< packets from upstreams that did not match the question
};

/// What an environment called by this outside address may reach; nothing when there is none.
using DnsPolicyOf =
    std::function<std::optional<model::NetworkPolicy>(const boost::asio::ip::address&)>;
/// Gives an unconnected, non-blocking socket of family AF_INET or AF_INET6 in the host's namespace.
using DnsSocketSource = std::function<Task<os::UniqueFd>(DnsTransport, int family)>;

/// A socket source for a process that is in the host's namespace itself, as the daemon is.
DnsSocketSource own_namespace_sockets();

/// Owned by the daemon; everything happens on the executor given, single-threaded. States: made,
/// started, closed. Keeps no cache: the host's resolver has one. Each question goes out from a new
/// socket (so from a random port) with a random id, and only an answer from the asked server with
/// that id and question is passed on. Over UDP a truncated answer is passed on as it is, and the
/// client asks again over TCP, which is forwarded over TCP.
class DnsForwarder {
 public:
  /// `random` outlives this object. Errc invalid and os of bad listeners show in start().
  DnsForwarder(boost::asio::any_io_executor executor, DnsPolicyOf policy_of,
               DnsSocketSource make_socket, RandomSource& random, DnsOptions options = {});
  DnsForwarder(const DnsForwarder&) = delete;
  DnsForwarder& operator=(const DnsForwarder&) = delete;
  /// close() has ended before, or the executor will never run again.
  ~DnsForwarder() = default;

  /// Reads the servers from the text of a resolv.conf; call again when the file changed. Queries in
  /// flight go on with the servers they began with.
  void set_upstreams(std::string_view resolv_conf);
  /// Begins to serve. Errc: invalid (no listener at all), os (a descriptor is not such a socket).
  Result<void> start(DnsListeners listeners);
  /// Stops: listeners and connections are closed, queries in flight dropped. Returns when the last
  /// of them is gone.
  Task<void> close();

  const DnsCounters& counters() const { return counters_; }

 private:
  using Address = boost::asio::ip::address;
  using UdpSocket = boost::asio::ip::udp::socket;
  using TcpSocket = boost::asio::ip::tcp::socket;
  using Acceptor = boost::asio::ip::tcp::acceptor;
  using Nothing = boost::asio::awaitable<void>;

  /// How much one environment is asking at this moment. Shared by the forwarder and the coroutines
  /// that count themselves here, which may be destroyed after it, with their executor.
  struct Load {
    unsigned queries = 0;
    unsigned connections = 0;
  };

  Nothing serve_udp(std::shared_ptr<UdpSocket> socket);
  Nothing serve_tcp(std::shared_ptr<Acceptor> acceptor);
  Nothing answer_udp(std::shared_ptr<UdpSocket> socket, boost::asio::ip::udp::endpoint client,
                     DnsBytes query);
  Nothing serve_connection(std::shared_ptr<TcpSocket> socket, std::shared_ptr<Load> load,
                           Address client);
  /// The bytes to send back; empty for what deserves no answer.
  boost::asio::awaitable<DnsBytes> answer(DnsTransport transport, Address client, DnsBytes query);
  Task<DnsBytes> forward(DnsTransport transport, DnsBytes query, DnsHead head);
  Task<DnsBytes> ask(DnsTransport transport, Address server, const DnsBytes& query,
                     const DnsHead& head);
  Task<DnsBytes> ask_udp(os::UniqueFd fd, Address server, const DnsBytes& query,
                         const DnsHead& head);
  Task<DnsBytes> ask_tcp(os::UniqueFd fd, Address server, const DnsBytes& query,
                         const DnsHead& head);
  /// The code of an answer that needs no upstream, if so.
  std::optional<DnsCode> refuse_at_once(const Address& client, const Result<DnsHead>& head);
  std::shared_ptr<Load> load_of(const Address& client);
  void spawn(Nothing work);
  Result<void> listen(os::UniqueFd udp, os::UniqueFd tcp, int family);

  boost::asio::any_io_executor executor_;
  DnsPolicyOf policy_of_;
  DnsSocketSource make_socket_;
  RandomSource& random_;
  DnsOptions options_;
  std::vector<Address> upstreams_;
  std::map<Address, std::shared_ptr<Load>> loads_;
  std::list<boost::asio::cancellation_signal> running_;
  boost::asio::steady_timer all_ended_;
  bool is_closing_ = false;
  DnsCounters counters_;
};

}  // namespace proa::network
