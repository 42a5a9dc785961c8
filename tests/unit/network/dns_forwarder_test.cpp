#include "network/dns_forwarder.h"

#include "support/dns_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace proa::network {
namespace {

using namespace std::chrono_literals;
using model::NetworkPolicy;
using test::DnsServer;
using test::query_for;

// co_spawn wants results that can be made out of nothing, which a Result cannot.
boost::asio::awaitable<void> closing(DnsForwarder& forwarder) {
  const auto closed = co_await forwarder.close();
  EXPECT_TRUE(closed);
}

// A forwarder on 127.0.0.1, which asks a DnsServer on 127.0.0.1; on a thread of its own.
class Forwarder {
 public:
  explicit Forwarder(std::uint16_t upstream_port, DnsOptions options = {},
                     std::optional<NetworkPolicy> policy = NetworkPolicy::internet) {
    options.upstream_port = upstream_port;
    forwarder_.emplace(
        context_.get_executor(), [policy](const boost::asio::ip::address&) { return policy; },
        own_namespace_sockets(), random_, options);
    DnsListeners listeners;
    // The number that the kernel chose for UDP may be somebody else's for TCP: another one then.
    for (int tries = 0; !listeners.tcp4 && tries < 20; ++tries) {
      listeners.udp4 = bound(SOCK_DGRAM, 0);
      listeners.tcp4 = bound(SOCK_STREAM, port_);
    }
    forwarder_->set_upstreams("nameserver 127.0.0.1\n");
    EXPECT_TRUE(forwarder_->start(std::move(listeners)));
    thread_ = std::thread([this] { context_.run(); });
  }
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder() { close(); }

  void close() {
    if (!thread_.joinable()) return;
    auto closed = boost::asio::co_spawn(context_, closing(*forwarder_), boost::asio::use_future);
    closed.get();
    thread_.join();
  }
  DnsBytes ask(const DnsBytes& query, DnsTransport transport = DnsTransport::udp,
               int timeout_ms = 5000) const {
    return test::ask("127.0.0.1", port_, query, transport == DnsTransport::tcp, timeout_ms);
  }
  int code(const std::string& name, DnsTransport transport = DnsTransport::udp) const {
    const auto head = parse_dns(ask(query_for(name, 5), transport));
    return head ? head.value().code : -1;
  }
  /// Only after close().
  const DnsCounters& counters() const { return forwarder_->counters(); }
  std::uint16_t port() const { return port_; }

 private:
  os::UniqueFd bound(int type, std::uint16_t port) {
    os::UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return {};
    if (type == SOCK_STREAM && ::listen(fd.get(), 16) != 0) return {};
    socklen_t size = sizeof at;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    return fd;
  }

  std::uint16_t port_ = 0;
  RandomSource random_;
  boost::asio::io_context context_;
  std::optional<DnsForwarder> forwarder_;
  std::thread thread_;
};

TEST(DnsForwarder, PassesQuestionsAndAnswersOnOverBothTransports) {
  DnsServer server("127.0.0.1", 0);
  Forwarder forwarder(server.port());
  for (const DnsTransport transport : {DnsTransport::udp, DnsTransport::tcp}) {
    const DnsBytes query = query_for("name.test", 99);
    EXPECT_EQ(forwarder.ask(query, transport), test::answer_to(query, 4));
  }
  EXPECT_TRUE(parse_dns(forwarder.ask(query_for("big.test", 1))).value().is_truncated);
  EXPECT_GT(forwarder.ask(query_for("big.test", 1), DnsTransport::tcp).size(), 1700U);
  forwarder.close();
  EXPECT_EQ(forwarder.counters().queries, 4U);
  EXPECT_EQ(forwarder.counters().answered, 4U);
}

TEST(DnsForwarder, UsesANewPortAndIdForEveryQuestion) {
  DnsServer server("127.0.0.1", 0);
  Forwarder forwarder(server.port());
  constexpr unsigned kCount = 32;
  for (unsigned i = 0; i < kCount; ++i) EXPECT_EQ(forwarder.code("name.test"), 0);
  // Chance may repeat one or two of them, never many.
  EXPECT_GT(server.ports_seen().size(), kCount - 4);
  EXPECT_GT(server.ids_seen().size(), kCount - 4);
}

TEST(DnsForwarder, IgnoresAnswersWithAWrongIdOrQuestion) {
  DnsServer server("127.0.0.1", 0);
  Forwarder forwarder(server.port());
  const DnsBytes query = query_for("forged.test", 3);
  EXPECT_EQ(forwarder.ask(query), test::answer_to(query, 4));
  forwarder.close();
  EXPECT_EQ(forwarder.counters().spoofed, 2U);
}

TEST(DnsForwarder, RefusesWhereThePolicyIsNoneOrNobodyIsKnown) {
  DnsServer server("127.0.0.1", 0);
  for (const std::optional<NetworkPolicy> policy :
       {std::optional(NetworkPolicy::none), std::optional<NetworkPolicy>()}) {
    Forwarder forwarder(server.port(), {}, policy);
    EXPECT_EQ(forwarder.code("name.test"), 5);
    EXPECT_EQ(forwarder.code("name.test", DnsTransport::tcp), 5);
  }
  EXPECT_EQ(server.queries(), 0U);
}

TEST(DnsForwarder, SaysServerFailureWhenNobodyAnswers) {
  DnsServer server("127.0.0.1", 0);
  DnsOptions options;
  options.upstream_timeout = 30ms;
  Forwarder forwarder(server.port(), options);
  EXPECT_EQ(forwarder.code("lost.test"), 2);
  EXPECT_EQ(server.queries(), 2U) << "asked once a round";
  EXPECT_EQ(forwarder.code("broken.test"), 2);
  Forwarder nobody(1, options);
  EXPECT_EQ(nobody.code("name.test"), 2);
  EXPECT_EQ(nobody.code("name.test", DnsTransport::tcp), 2);
}

TEST(DnsForwarder, AnswersWhatItCannotPassOnItself) {
  DnsServer server("127.0.0.1", 0);
  Forwarder forwarder(server.port());
  DnsBytes update = query_for("name.test", 1);
  update[2] = std::byte{0x28};
  EXPECT_EQ(parse_dns(forwarder.ask(update)).value().code, 4);
  DnsBytes transfer = query_for("name.test", 1);
  transfer[transfer.size() - 3] = std::byte{252};
  EXPECT_EQ(parse_dns(forwarder.ask(transfer, DnsTransport::tcp)).value().code, 5);
  const DnsBytes header_only(12, std::byte{0});
  EXPECT_EQ(std::to_integer<int>(forwarder.ask(header_only).at(3)) & 15, 1);
  EXPECT_TRUE(forwarder.ask(DnsBytes(3), DnsTransport::udp, 50).empty());
  EXPECT_EQ(server.queries(), 0U);
}

TEST(DnsForwarder, LimitsWhatOneEnvironmentMayHaveInFlight) {
  DnsServer server("127.0.0.1", 0);
  DnsOptions options;
  options.queries_max = 0;
  Forwarder forwarder(server.port(), options);
  EXPECT_EQ(forwarder.code("name.test"), 2);
  forwarder.close();
  EXPECT_EQ(forwarder.counters().throttled, 1U);
  EXPECT_EQ(server.queries(), 0U);
}

TEST(DnsForwarder, ClosesSilentAndSurplusConnections) {
  DnsServer server("127.0.0.1", 0);
  DnsOptions options;
  options.tcp_idle = 50ms;
  options.connections_max = 1;
  Forwarder forwarder(server.port(), options);
  const auto connected = [&] {
    socklen_t size = 0;
    const auto to = test::dns_address("127.0.0.1", forwarder.port(), size);
    os::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size), 0);
    return fd;
  };
  const os::UniqueFd silent = connected();
  const os::UniqueFd surplus = connected();
  char byte = 0;
  EXPECT_EQ(::recv(surplus.get(), &byte, 1, 0), 0);
  EXPECT_EQ(::recv(silent.get(), &byte, 1, 0), 0);
  EXPECT_EQ(forwarder.code("name.test", DnsTransport::tcp), 0);
}

TEST(DnsForwarder, ClosingDropsQueriesInFlight) {
  DnsServer server("127.0.0.1", 0);
  DnsOptions options;
  options.upstream_timeout = std::chrono::hours(1);
  Forwarder forwarder(server.port(), options);
  EXPECT_TRUE(forwarder.ask(query_for("lost.test", 1), DnsTransport::udp, 50).empty());
  EXPECT_EQ(server.queries(), 1U);
  forwarder.close();
  EXPECT_EQ(forwarder.counters().answered, 0U);
}

TEST(DnsForwarder, NeedsAListener) {
  boost::asio::io_context context;
  RandomSource random;
  DnsForwarder forwarder(
      context.get_executor(),
      [](const boost::asio::ip::address&) { return std::optional(NetworkPolicy::internet); },
      own_namespace_sockets(), random);
  EXPECT_EQ(forwarder.start({}).error().code(), Errc::invalid);
}

}  // namespace
}  // namespace proa::network
