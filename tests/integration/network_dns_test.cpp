// Name resolution of environments with real namespaces: environment, router's gateway address,
// DnsForwarder, and a resolver that listens on the host's loopback only.
#include "launcher/net/router.h"
#include "network/network.h"
#include "support/dns_server.h"
#include "support/network_world.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <thread>

namespace proa::network {
namespace {

using launcher::net::EnvironmentNet;
using launcher::net::NamespaceVisit;
using launcher::net::Router;
using launcher::net::RouterOptions;
using model::NetworkPolicy;
using test::DnsServer;
using test::NetworkWorld;
using test::query_for;

constexpr std::uint16_t kDnsPort = 53;

// co_spawn wants results that can be made out of nothing, which a Result cannot.
boost::asio::awaitable<void> closing(DnsForwarder& forwarder) {
  const auto closed = co_await forwarder.close();
  EXPECT_TRUE(closed);
}

// Router, forwarder on its own thread, and a resolver on 127.0.0.53 of the host.
class NetworkDns : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || !NamespaceVisit::enter_new()) {
      GTEST_SKIP() << "needs the right to make network namespaces";
    }
    world_.emplace();
    {
      auto visit = NamespaceVisit::enter(world_->host()).value();
      resolver_.emplace("127.0.0.53", kDnsPort);
    }
    RouterOptions options = RouterOptions::for_instance(0);
    options.host_namespace = world_->host();
    auto router = Router::create(options);
    ASSERT_TRUE(router) << router.error().message();
    router_ = std::move(router.value());
    auto sockets = router_->make_gateway_dns_sockets();
    ASSERT_TRUE(sockets) << sockets.error().message();
    DnsListeners listeners;
    listeners.udp4 = std::move(sockets.value().udp4);
    listeners.tcp4 = std::move(sockets.value().tcp4);
    listeners.udp6 = std::move(sockets.value().udp6);
    listeners.tcp6 = std::move(sockets.value().tcp6);
    forwarder_.emplace(
        context_.get_executor(),
        [](const boost::asio::ip::address& outside) { return policy_of(outside.to_string()); },
        [this](DnsTransport transport, int family) { return host_socket(transport, family); },
        random_);
    forwarder_->set_upstreams("nameserver 127.0.0.53\n");
    ASSERT_TRUE(forwarder_->start(std::move(listeners)));
    thread_ = std::thread([this] { context_.run(); });
  }

  void TearDown() override {
    if (!thread_.joinable()) return;
    auto closed = boost::asio::co_spawn(context_, closing(*forwarder_), boost::asio::use_future);
    closed.get();
    thread_.join();
  }

  static std::optional<NetworkPolicy> policy_of(const std::string& outside) {
    if (outside == "100.64.1.0" || outside.starts_with("fd70:")) {
      return NetworkPolicy::internet;
    }
    if (outside == "100.64.1.1") return NetworkPolicy::none;
    return std::nullopt;
  }

  Task<os::UniqueFd> host_socket(DnsTransport transport, int family) {
    auto made = transport == DnsTransport::udp ? router_->make_host_udp_socket(family)
                                               : router_->make_host_tcp_socket(family);
    co_return std::move(made);
  }

  EnvironmentNet environment(std::uint32_t index) {
    auto made = router_->make(index, NetworkPolicy::internet);
    EXPECT_TRUE(made) << made.error().message();
    return std::move(made.value());
  }

  // A question from inside, sent to the gateway.
  DnsBytes ask(const EnvironmentNet& from, const std::string& gateway, const std::string& name,
               DnsTransport transport) {
    auto visit = NamespaceVisit::enter(from.netns.get()).value();
    return test::ask(gateway, kDnsPort, query_for(name, 0x1234), transport == DnsTransport::tcp);
  }

  std::optional<NetworkWorld> world_;
  std::optional<DnsServer> resolver_;
  std::unique_ptr<Router> router_;
  RandomSource random_;
  boost::asio::io_context context_;
  std::optional<DnsForwarder> forwarder_;
  std::thread thread_;
};

TEST_F(NetworkDns, AnEnvironmentIsAnsweredByTheHostsLoopbackResolver) {
  const auto inside = environment(0);
  for (const char* gateway : {"169.254.100.1", "fd70:726f:61ff::1"}) {
    for (const DnsTransport transport : {DnsTransport::udp, DnsTransport::tcp}) {
      const DnsBytes reply = ask(inside, gateway, "small.test", transport);
      const auto head = parse_dns(reply);
      ASSERT_TRUE(head) << gateway;
      EXPECT_EQ(head.value().id, 0x1234);
      EXPECT_EQ(head.value().name, "small.test.");
      EXPECT_EQ(head.value().code, 0);
      EXPECT_GT(reply.size(), head.value().question_end) << "an answer record follows";
    }
  }
}

TEST_F(NetworkDns, ATruncatedAnswerIsCompleteOverTcp) {
  const auto inside = environment(0);
  const DnsBytes first = ask(inside, "169.254.100.1", "big.test", DnsTransport::udp);
  EXPECT_TRUE(parse_dns(first).value().is_truncated);
  const DnsBytes second = ask(inside, "169.254.100.1", "big.test", DnsTransport::tcp);
  EXPECT_FALSE(parse_dns(second).value().is_truncated);
  EXPECT_GT(second.size(), 1232U);
}

TEST_F(NetworkDns, PolicyNoneAndUnknownEnvironmentsAreRefusedWithoutAskingAnybody) {
  for (const std::uint32_t index : {1U, 2U}) {
    const auto inside = environment(index);
    const DnsBytes reply = ask(inside, "169.254.100.1", "small.test", DnsTransport::udp);
    ASSERT_TRUE(parse_dns(reply));
    EXPECT_EQ(parse_dns(reply).value().code, static_cast<std::uint8_t>(DnsCode::refused));
  }
  EXPECT_EQ(resolver_->queries(), 0U);
}

}  // namespace
}  // namespace proa::network
