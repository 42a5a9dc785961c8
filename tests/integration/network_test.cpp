// The network of environments with real namespaces: a router, a host and an internet of the test's
// own. Nothing here touches the machine's network configuration.
#include "launcher/net/router.h"
#include "launcher/net/router_names.h"
#include "support/network_world.h"

#include <gtest/gtest.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <numeric>

namespace proa::launcher::net {
namespace {

using model::NetworkPolicy;
using test::kPort;
using test::NetworkWorld;
using test::Servers;
using test::talk;

const std::string kMasqueraded4 = std::string("you are ") + test::kHostPublic4;
const std::string kMasqueraded6 = std::string("you are ") + test::kHostPublic6;
const std::string kRefused = "ECONNREFUSED";

// Everything a story needs, or the reason why this machine cannot play it.
class Network : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || !NamespaceVisit::enter_new()) {
      GTEST_SKIP() << "needs the right to make network namespaces";
    }
    world_.emplace();
    servers_.emplace();
    for (const char* address :
         {test::kServer4, test::kServer6, test::kLanServer4, test::kMetadata4, test::kMetadata6}) {
      servers_->listen(world_->internet(), address);
    }
    for (const char* address : {"0.0.0.0", "::"}) servers_->listen(world_->host(), address);
    servers_->start();
  }

  RouterOptions options(std::uint32_t number = 0) {
    RouterOptions options = RouterOptions::for_instance(number);
    options.host_namespace = world_->host();
    return options;
  }
  std::unique_ptr<Router> router(std::uint32_t number = 0) {
    auto made = Router::create(options(number));
    EXPECT_TRUE(made) << made.error().message();
    return made ? std::move(made.value()) : nullptr;
  }
  // What stands in the host's namespace that could be ours.
  std::string host_state() {
    auto socket = NetworkWorld::socket_of(world_->host());
    std::string state = world_->nft("list tables");
    for (const char* name : {"proa0", "proa1", "up0"}) {
      if (find_device(socket, name)) state += std::string(" ") + name;
    }
    const auto ours4 = Prefix::parse("100.64.0.0/10").value();
    const auto ours6 = Prefix::parse("fd70::/16").value();
    for (const auto& [family, ours] : {std::pair{AF_INET, ours4}, std::pair{AF_INET6, ours6}}) {
      const std::vector<RouteEntry> routes = list_routes(socket, family).value();
      for (const RouteEntry& route : routes) {
        if (route.destination.length > 0 && route.destination.overlaps(ours)) {
          state += " " + route.destination.text();
        }
      }
    }
    return state;
  }

  std::optional<NetworkWorld> world_;
  std::optional<Servers> servers_;
};

EnvironmentNet made(Router& router, std::uint32_t index, NetworkPolicy policy) {
  auto environment = router.make(index, policy);
  EXPECT_TRUE(environment) << environment.error().message();
  return environment ? std::move(environment.value()) : EnvironmentNet();
}

TEST_F(Network, ReachesTheInternetWithTheHostsAddressAsSource) {
  auto router = this->router();
  ASSERT_TRUE(router);
  const auto environment = made(*router, 0, NetworkPolicy::internet);
  const int inside = environment.netns.get();
  EXPECT_EQ(talk(inside, test::kServer4), kMasqueraded4);
  EXPECT_EQ(talk(inside, test::kServer4, SOCK_DGRAM), kMasqueraded4);
  EXPECT_TRUE(router->has_ipv6()) << router->no_ipv6_reason();
  EXPECT_EQ(talk(inside, test::kServer6), kMasqueraded6);
  EXPECT_EQ(talk(inside, test::kServer6, SOCK_DGRAM), kMasqueraded6);
  EXPECT_EQ(environment.outside4.text(), "100.64.1.0");
}

TEST_F(Network, AClosedPortIsAnErrorAtOnceBecauseIcmpErrorsAreRewrittenToo) {
  auto router = this->router();
  ASSERT_TRUE(router);
  const auto environment = made(*router, 7, NetworkPolicy::internet);
  const int inside = environment.netns.get();
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    EXPECT_EQ(talk(inside, test::kServer4, type, 9), kRefused);
    EXPECT_EQ(talk(inside, test::kServer6, type, 9), kRefused);
  }
}

TEST_F(Network, InternetPolicyRefusesTheHostPrivateRangesMetadataAndOtherEnvironments) {
  auto router = this->router();
  ASSERT_TRUE(router);
  const auto environment = made(*router, 0, NetworkPolicy::internet);
  const auto other = made(*router, 1, NetworkPolicy::internet);
  Servers neighbours;
  for (const char* address : {"0.0.0.0", "::"}) {
    neighbours.listen(other.netns.get(), address);
    neighbours.listen(environment.netns.get(), address, 8081);
  }
  neighbours.start();
  const int inside = environment.netns.get();
  const std::vector<std::string> refused{
      test::kHostPublic4, test::kHostPublic6,         "100.64.0.1",
      "100.64.0.2",       "fd70:726f:6100::1",        "fd70:726f:6100::2",
      test::kLanServer4,  test::kMetadata4,           test::kMetadata6,
      "169.254.100.1",    "fd70:726f:61ff::1",        other.outside4.text(),
      "192.168.1.1",      other.outside6->text(),     "64:ff9b::808:808",
      "100.64.200.200",   environment.outside4.text()};
  for (const std::string& address : refused) {
    EXPECT_EQ(talk(inside, address), kRefused) << address;
    const std::string datagram = talk(inside, address, SOCK_DGRAM);
    EXPECT_TRUE(datagram == "EHOSTUNREACH" || datagram == "EACCES") << address << " " << datagram;
  }
  // Its own loopback is its own.
  EXPECT_EQ(talk(inside, "127.0.0.1", SOCK_STREAM, 8081), "you are 127.0.0.1");
}

TEST_F(Network, NoneRefusesEverythingAndLanAllowsPrivateRanges) {
  auto router = this->router();
  ASSERT_TRUE(router);
  const auto environment = made(*router, 3, NetworkPolicy::none);
  const int inside = environment.netns.get();
  EXPECT_EQ(talk(inside, test::kServer4), kRefused);
  EXPECT_EQ(talk(inside, test::kServer6), kRefused);
  EXPECT_EQ(talk(inside, test::kLanServer4), kRefused);
  ASSERT_TRUE(router->set_policy(3, NetworkPolicy::lan));
  EXPECT_EQ(talk(inside, test::kLanServer4), kMasqueraded4);
  EXPECT_EQ(talk(inside, test::kServer4), kMasqueraded4);
  EXPECT_EQ(talk(inside, test::kMetadata4), kRefused);
  EXPECT_EQ(talk(inside, test::kMetadata6), kRefused);
  EXPECT_EQ(talk(inside, test::kHostPublic4), kRefused);
  ASSERT_TRUE(router->set_policy(3, NetworkPolicy::internet));
  EXPECT_EQ(talk(inside, test::kLanServer4), kRefused);
  EXPECT_EQ(router->set_policy(4, NetworkPolicy::lan).error().code(), Errc::not_found);
}

TEST_F(Network, OpensOnePortOfTheHostForOneEnvironmentOnly) {
  auto router = this->router();
  ASSERT_TRUE(router);
  Servers database;
  database.listen(world_->host(), "127.0.0.1", 5432);
  database.start();
  const auto environment = made(*router, 0, NetworkPolicy::internet);
  const auto other = made(*router, 1, NetworkPolicy::internet);
  const std::string gate = router->plan().host4().text();
  EXPECT_EQ(talk(environment.netns.get(), gate, SOCK_STREAM, 5432), kRefused);
  ASSERT_TRUE(router->add_hostport(0, 5432));
  ASSERT_TRUE(router->add_hostport(0, 5432));
  EXPECT_EQ(talk(environment.netns.get(), gate, SOCK_STREAM, 5432), "you are 100.64.1.0");
  EXPECT_EQ(talk(other.netns.get(), gate, SOCK_STREAM, 5432), kRefused);
  EXPECT_EQ(talk(environment.netns.get(), gate, SOCK_STREAM, kPort), kRefused);
  ASSERT_TRUE(router->remove_hostport(0, 5432));
  EXPECT_EQ(talk(environment.netns.get(), gate, SOCK_STREAM, 5432), kRefused);
  ASSERT_TRUE(router->add_hostport(1, 5432));
  EXPECT_EQ(router->add_hostport(1, 0).error().code(), Errc::invalid);
  const std::uint32_t index = 1;
  ASSERT_TRUE(router->release(std::span(&index, 1)));
  const auto again = made(*router, 1, NetworkPolicy::internet);
  EXPECT_EQ(talk(again.netns.get(), gate, SOCK_STREAM, 5432), kRefused) << "inherited a port";
}

// An Ethernet frame with a UDP datagram to the server in it, without UDP checksum.
std::vector<std::byte> frame_from(const std::string& source) {
  struct Frame {
    ether_header ethernet;
    iphdr ip;
    udphdr udp;
    std::array<char, 4> text;
  } __attribute__((packed));
  Frame frame{};
  std::memcpy(frame.ethernet.ether_dhost, kRouterMac.data(), 6);
  std::memcpy(frame.ethernet.ether_shost, kInsideMac.data(), 6);
  frame.ethernet.ether_type = htons(ETHERTYPE_IP);
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.ttl = 64;
  ip.protocol = IPPROTO_UDP;
  ip.tot_len = htons(sizeof(Frame) - sizeof(ether_header));
  ip.saddr = htonl(IpAddress::parse(source).value().v4_value());
  ip.daddr = htonl(IpAddress::parse(test::kServer4).value().v4_value());
  std::array<std::uint16_t, 10> words{};
  std::memcpy(words.data(), &ip, sizeof ip);
  const unsigned sum = std::accumulate(words.begin(), words.end(), 0U);
  ip.check = static_cast<std::uint16_t>(~((sum & 0xffffU) + (sum >> 16U)));
  frame.ip = ip;
  udphdr udp{};
  udp.source = htons(4000);
  udp.dest = htons(kPort);
  udp.len = htons(sizeof(udphdr) + 4);
  frame.udp = udp;
  const auto bytes = bytes_of(frame);
  return {bytes.begin(), bytes.end()};
}

void send_frame(int netns, const std::vector<std::byte>& frame) {
  const auto fd = test::socket_in(netns, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = 2;
  ASSERT_EQ(::sendto(fd.get(), frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&to),
                     sizeof to),
            static_cast<ssize_t>(frame.size()));
}

TEST_F(Network, ASpoofedSourceGoesNowhere) {
  auto router = this->router();
  ASSERT_TRUE(router);
  const auto environment = made(*router, 0, NetworkPolicy::internet);
  const auto other = made(*router, 1, NetworkPolicy::internet);
  for (const std::string& source :
       {other.outside4.text(), std::string("100.64.1.0"), std::string("169.254.100.1"),
        std::string("127.0.0.1"), std::string("8.8.8.8"), std::string("100.64.0.1")}) {
    send_frame(environment.netns.get(), frame_from(source));
  }
  // The honest frame comes last: once it has arrived, the others would have, too.
  send_frame(environment.netns.get(), frame_from(kInside4));
  for (int round = 0; round < 200 && servers_->datagrams() == 0; ++round) ::poll(nullptr, 0, 5);
  EXPECT_EQ(servers_->datagrams(), 1U);
}

TEST_F(Network, CuttingOffStopsAFlowThatWasOpenAlready) {
  auto router = this->router();
  ASSERT_TRUE(router);
  const auto environment = made(*router, 0, NetworkPolicy::internet);
  const os::UniqueFd flow = test::socket_in(environment.netns.get(), AF_INET, SOCK_DGRAM);
  test::SocketAddress to = test::address_of(test::kServer4, kPort);
  ASSERT_EQ(::connect(flow.get(), to.get(), to.size), 0);
  const auto is_answered = [&](int timeout_ms) {
    EXPECT_EQ(::send(flow.get(), "hello", 5, 0), 5);
    pollfd waiting{flow.get(), POLLIN, 0};
    if (::poll(&waiting, 1, timeout_ms) != 1) return false;
    std::array<char, 64> answer{};
    return ::recv(flow.get(), answer.data(), answer.size(), 0) > 0;
  };
  EXPECT_TRUE(is_answered(1500));
  ASSERT_TRUE(router->cut_off(0));
  const unsigned before = servers_->datagrams();
  EXPECT_FALSE(is_answered(100));
  EXPECT_EQ(servers_->datagrams(), before) << "it still reached the server";
  EXPECT_EQ(router->cut_off(5).error().code(), Errc::not_found);
}

TEST_F(Network, ReleasingForgetsTrackedConnectionsOfThatEnvironmentAlone) {
  auto router = this->router();
  ASSERT_TRUE(router);
  auto environment = made(*router, 0, NetworkPolicy::internet);
  const auto other = made(*router, 1, NetworkPolicy::internet);
  for (const int inside : {environment.netns.get(), other.netns.get()}) {
    EXPECT_EQ(talk(inside, test::kServer4, SOCK_DGRAM), kMasqueraded4);
    EXPECT_EQ(talk(inside, test::kServer6, SOCK_DGRAM), kMasqueraded6);
  }
  const std::array<std::uint32_t, 2> indices{0, 55};
  const auto report = router->release(indices);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report.value().swept, 1U) << "the descriptor held here kept the device";
  EXPECT_EQ(report.value().connections_forgotten, 2U);
  EXPECT_EQ(talk(other.netns.get(), test::kServer4, SOCK_DGRAM), kMasqueraded4);
  EXPECT_EQ(talk(environment.netns.get(), test::kServer4), "ENETUNREACH");
  ASSERT_TRUE(router->cut_off(1)) << "what was sent before it still counts";
  const std::uint32_t second = 1;
  EXPECT_EQ(router->release(std::span(&second, 1)).value().connections_forgotten, 3U);
  const auto again = made(*router, 0, NetworkPolicy::internet);
  EXPECT_EQ(talk(again.netns.get(), test::kServer4), kMasqueraded4);
}

TEST_F(Network, TwoInstancesLiveSideBySideAndCannotReachEachOther) {
  const std::string before = host_state();
  auto first = router(0);
  auto second = router(1);
  ASSERT_TRUE(first && second);
  const auto one = made(*first, 0, NetworkPolicy::lan);
  const auto two = made(*second, 0, NetworkPolicy::lan);
  EXPECT_EQ(two.outside4.text(), "100.65.1.0");
  Servers neighbour;
  neighbour.listen(two.netns.get(), "0.0.0.0");
  neighbour.listen(two.netns.get(), "::");
  neighbour.start();
  EXPECT_EQ(talk(one.netns.get(), test::kServer4), kMasqueraded4);
  EXPECT_EQ(talk(two.netns.get(), test::kServer6), kMasqueraded6);
  EXPECT_EQ(talk(one.netns.get(), two.outside4.text(), SOCK_STREAM, kPort, 150), "timeout");
  EXPECT_EQ(talk(one.netns.get(), two.outside6->text(), SOCK_STREAM, kPort, 150), "timeout");
  EXPECT_EQ(talk(one.netns.get(), second->plan().host4().text(), SOCK_STREAM, kPort, 150),
            "timeout");
  ASSERT_TRUE(first->destroy());
  EXPECT_EQ(talk(two.netns.get(), test::kServer4), kMasqueraded4);
  ASSERT_TRUE(second->destroy());
  EXPECT_EQ(host_state(), before);
}

TEST_F(Network, ACrashedInstanceIsCleanedUpByNameAndNothingElseIs) {
  const std::string before = host_state();
  auto crashed = router(0);
  auto living = router(1);
  ASSERT_TRUE(crashed && living);
  const auto held = made(*crashed, 0, NetworkPolicy::internet);
  // The crashed one cannot clean up any more: another object does it, by names alone.
  ASSERT_TRUE(Router::clean_leftovers(world_->host(), "0"));
  const auto environment = made(*living, 0, NetworkPolicy::internet);
  EXPECT_EQ(talk(environment.netns.get(), test::kServer4), kMasqueraded4);
  auto successor = router(0);
  ASSERT_TRUE(successor);
  const auto fresh = made(*successor, 0, NetworkPolicy::internet);
  EXPECT_EQ(talk(fresh.netns.get(), test::kServer4), kMasqueraded4);
  successor.reset();
  living.reset();
  crashed.reset();
  EXPECT_EQ(host_state(), before);
  ASSERT_TRUE(Router::clean_leftovers(world_->host(), "0"));
  EXPECT_EQ(Router::clean_leftovers(world_->host(), "0; flush").error().code(), Errc::invalid);
}

TEST_F(Network, RefusesARangeThatARouteOfTheHostTouches) {
  world_->add_host_route("100.64.0.0/10");
  const auto made = Router::create(options());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Errc::conflict);
  EXPECT_NE(made.error().message().find("100.64.0.0/10"), std::string::npos)
      << made.error().message();
  RouterOptions other = options();
  other.outside4 = "198.18.0.0/16";
  EXPECT_TRUE(Router::create(other));
}

TEST_F(Network, LeavesForwardingAloneUnlessAllowed) {
  NetworkWorld still(false);
  RouterOptions wanted = RouterOptions::for_instance(0);
  wanted.host_namespace = still.host();
  const auto refused = Router::create(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::denied);
  EXPECT_NE(refused.error().message().find("ip_forward"), std::string::npos);
  EXPECT_EQ(still.nft("list tables"), "");
  wanted.may_enable_forwarding = true;
  auto router = Router::create(wanted);
  ASSERT_TRUE(router) << router.error().message();
  Servers server;
  server.listen(still.internet(), test::kServer4);
  server.start();
  const auto environment = made(*router.value(), 0, NetworkPolicy::internet);
  EXPECT_EQ(talk(environment.netns.get(), test::kServer4), kMasqueraded4);
}

TEST_F(Network, TheProbeSeesForeignRulesAndNamesThem) {
  auto router = this->router();
  ASSERT_TRUE(router);
  auto report = router->probe();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report.value().ipv4, ProbeOutcome::passed);
  EXPECT_EQ(report.value().ipv6, ProbeOutcome::passed);
  EXPECT_TRUE(report.value().advice.empty());
  world_->nft(
      "table ip filter { chain DOCKER-USER { } ; "
      "chain FORWARD { type filter hook forward priority filter; policy drop; "
      "jump DOCKER-USER ; } ; }");
  report = router->probe();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report.value().ipv4, ProbeOutcome::dropped);
  EXPECT_EQ(report.value().ipv6, ProbeOutcome::passed);
  ASSERT_EQ(report.value().advice.size(), 1U);
  EXPECT_NE(report.value().advice[0].find("DOCKER-USER -i proa0"), std::string::npos)
      << report.value().advice[0];
  EXPECT_EQ(world_->nft("list tables").find("_probe"), std::string::npos);
}

TEST_F(Network, MakesAndSweepsTwoHundredEnvironmentsAndLeavesNothing) {
  using Clock = std::chrono::steady_clock;
  const auto us_since = [](Clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
  };
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  constexpr std::uint32_t kCount = 200;
  const std::string before = host_state();
  const auto open_before = descriptors();
  {
    auto router = this->router();
    ASSERT_TRUE(router);
    std::vector<EnvironmentNet> environments;
    std::vector<long> times;
    std::vector<std::uint32_t> indices;
    for (std::uint32_t index = 0; index < kCount; ++index) {
      const auto start = Clock::now();
      environments.push_back(made(*router, index, NetworkPolicy::internet));
      times.push_back(us_since(start));
      indices.push_back(index);
    }
    std::ranges::sort(times);
    EXPECT_EQ(talk(environments[kCount - 1].netns.get(), test::kServer4), kMasqueraded4);
    EXPECT_EQ(talk(environments[0].netns.get(), test::kServer6), kMasqueraded6);
    const auto start = Clock::now();
    const auto report = router->release(indices);
    const auto swept_us = us_since(start);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report.value().swept, kCount);
    EXPECT_EQ(router->environments(), 0U);
    std::cout << "make one: p50 " << times[kCount / 2] << " us, p99 " << times[kCount * 99 / 100]
              << " us; sweep " << kCount << ": " << swept_us << " us\n";
  }
  EXPECT_EQ(host_state(), before);
  EXPECT_EQ(descriptors(), open_before);
}

}  // namespace
}  // namespace proa::launcher::net
