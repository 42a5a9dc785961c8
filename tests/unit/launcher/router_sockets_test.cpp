// Sockets that a router makes for others, and its probe.
#include "unit/launcher/router_fixture.h"

#include <fcntl.h>

namespace proa::launcher::net {
namespace {

class RouterSockets : public test::RouterTest {
 protected:
  static int option(const os::UniqueFd& socket, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(socket.get(), SOL_SOCKET, name, &value, &size), 0);
    return value;
  }
  static std::string bound_to(const os::UniqueFd& socket) {
    proa::test::SocketAddress at;
    at.size = sizeof at.storage;
    EXPECT_EQ(::getsockname(socket.get(), at.get(), &at.size), 0);
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&at.storage);  // the port of v6, too
    return proa::test::text_of(at) + " " + std::to_string(ntohs(v4->sin_port));
  }
  static bool waits_never(const os::UniqueFd& socket) {
    return (::fcntl(socket.get(), F_GETFL) & O_NONBLOCK) != 0;
  }
};

TEST_F(RouterSockets, TheGatewaysAreBoundToPort53InTheRoutersNamespace) {
  const auto router = this->router();
  ASSERT_TRUE(router);
  const auto made = router->make_gateway_dns_sockets();
  ASSERT_TRUE(made) << made.error().message();
  const GatewayDnsSockets& all = made.value();
  const ino_t home = number_of(namespace_of(all.udp4).get());
  EXPECT_NE(home, number_of(world_->host()));
  for (const auto* socket : {&all.udp4, &all.tcp4, &all.udp6, &all.tcp6}) {
    EXPECT_TRUE(waits_never(*socket));
    EXPECT_EQ(number_of(namespace_of(*socket).get()), home);
  }
  for (const auto* socket : {&all.udp4, &all.tcp4}) {
    EXPECT_EQ(bound_to(*socket), std::string(kGateway4) + " 53");
  }
  for (const auto* socket : {&all.udp6, &all.tcp6}) {
    EXPECT_EQ(bound_to(*socket), std::string(kGateway6) + " 53");
  }
  for (const auto* socket : {&all.tcp4, &all.tcp6}) EXPECT_EQ(option(*socket, SO_ACCEPTCONN), 1);
  for (const auto* socket : {&all.udp4, &all.udp6}) EXPECT_EQ(option(*socket, SO_TYPE), SOCK_DGRAM);
}

TEST_F(RouterSockets, AnAddressThatIsListenedAtAlreadyIsNamed) {
  const auto router = this->router();
  ASSERT_TRUE(router);
  {
    const auto first = router->make_gateway_dns_sockets();
    ASSERT_TRUE(first);
    const auto second = router->make_gateway_dns_sockets();
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message().find(kGateway4), std::string::npos);
  }
  EXPECT_TRUE(router->make_gateway_dns_sockets()) << "free again";
}

TEST_F(RouterSockets, WithoutIpv6ThereAreNoneOfIt) {
  RouterOptions wanted = options();
  wanted.wants_ipv6 = false;
  const auto router = Router::create(wanted);
  ASSERT_TRUE(router);
  const auto made = router.value()->make_gateway_dns_sockets();
  ASSERT_TRUE(made);
  EXPECT_TRUE(made.value().udp4 && made.value().tcp4);
  EXPECT_FALSE(made.value().udp6 || made.value().tcp6);
}

TEST_F(RouterSockets, TheHostsAreUnboundAndInItsNamespace) {
  const auto router = this->router();
  ASSERT_TRUE(router);
  for (const int family : {AF_INET, AF_INET6}) {
    const auto udp = router->make_host_udp_socket(family);
    const auto tcp = router->make_host_tcp_socket(family);
    ASSERT_TRUE(udp && tcp);
    for (const auto* socket : {&udp.value(), &tcp.value()}) {
      EXPECT_EQ(number_of(namespace_of(*socket).get()), number_of(world_->host()));
      EXPECT_EQ(option(*socket, SO_DOMAIN), family);
      EXPECT_TRUE(waits_never(*socket));
    }
    EXPECT_EQ(option(udp.value(), SO_TYPE), SOCK_DGRAM);
    EXPECT_EQ(option(tcp.value(), SO_TYPE), SOCK_STREAM);
  }
}

TEST_F(RouterSockets, TheProbeTellsTheFamiliesApartAndLeavesNothing) {
  const auto router = this->router();
  ASSERT_TRUE(router);
  world_->nft(
      "table ip6 filter { chain FORWARD { type filter hook forward priority filter; policy drop; "
      "} ; }");
  const auto report = router->probe();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report.value().ipv4, ProbeOutcome::passed);
  EXPECT_EQ(report.value().ipv6, ProbeOutcome::dropped);
  ASSERT_EQ(report.value().advice.size(), 1U);
  EXPECT_NE(report.value().advice.front().find("chain FORWARD of table ip6 filter"),
            std::string::npos);
  EXPECT_EQ(router->environments(), 0U);
  EXPECT_FALSE(host_has("list tables", "_probe"));
}

TEST_F(RouterSockets, AHostWithoutAWayOutIsNotTried) {
  const auto bare = [] {
    const auto visit = NamespaceVisit::enter_new().value();
    write_setting("ipv4/ip_forward", "1").value();
    return std::move(current_namespace().value());
  }();
  RouterOptions wanted = options();
  wanted.host_namespace = bare.get();
  const auto router = Router::create(wanted);
  ASSERT_TRUE(router) << router.error().message();
  const auto report = router.value()->probe();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report.value().ipv4, ProbeOutcome::not_tried);
  EXPECT_EQ(report.value().ipv6, ProbeOutcome::not_tried);
  EXPECT_TRUE(report.value().advice.empty());
}

}  // namespace
}  // namespace proa::launcher::net
