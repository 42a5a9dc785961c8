// Sockets that a Router makes for others, and its probe.
#include "launcher/net/links.h"
#include "launcher/net/namespaces.h"
#include "launcher/net/router.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace proa::launcher::net {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint16_t kDiscardPort = 9;
constexpr int kBacklog = 128;
// Documentation addresses (RFC 5737, RFC 3849): nobody is there, and nobody needs to answer.
constexpr const char* kProbeTarget4 = "198.51.100.1";
constexpr const char* kProbeTarget6 = "2001:db8::1";
constexpr int kProbeRounds = 60;
constexpr int kProbeRoundsPerPacket = 10;
constexpr int kProbeStepMs = 5;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress made;
  if (address.is_v6()) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
    std::memcpy(&made.storage, &v6, sizeof v6);
    made.size = sizeof v6;
    return made;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
  std::memcpy(&made.storage, &v4, sizeof v4);
  made.size = sizeof v4;
  return made;
}

Result<os::UniqueFd> make_socket(int family, int type) {
  os::UniqueFd fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return os_error(type == SOCK_DGRAM ? "make a UDP socket" : "make a TCP socket");
  return fd;
}

Result<os::UniqueFd> make_listener(const char* gateway, int type) {
  TRY(auto address, IpAddress::parse(gateway));
  TRY(auto fd, make_socket(address.family(), type));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.is_v6()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const SocketAddress where = socket_address(address, kDnsPort);
  if (::bind(fd.get(), where.get(), where.size) != 0) {
    return os_error("bind the DNS socket to " + address.text());
  }
  if (type == SOCK_STREAM && ::listen(fd.get(), kBacklog) != 0) {
    return os_error("listen for DNS at " + address.text());
  }
  return fd;
}

Result<void> send_probe(int netns, const IpAddress& target) {
  TRY(auto visit, NamespaceVisit::enter(netns));
  TRY(auto fd, make_socket(target.family(), SOCK_DGRAM));
  const SocketAddress where = socket_address(target, kDiscardPort);
  constexpr std::string_view kText = "proa probe";
  if (::sendto(fd.get(), kText.data(), kText.size(), 0, where.get(), where.size) < 0) {
    return os_error("send the probe packet to " + target.text());
  }
  return ok();
}

// Sent again now and then: a link that came up a moment ago may still drop what it is given.
Result<ProbeOutcome> try_family(ProbeCounters& counters, int netns, const char* target) {
  TRY(auto address, IpAddress::parse(target));
  const std::string digit = address.is_v6() ? "6" : "4";
  for (int round = 0; round < kProbeRounds; ++round) {
    if (round % kProbeRoundsPerPacket == 0) {
      TRY(send_probe(netns, address));
    }
    TRY(const std::uint64_t left, counters.count("left" + digit));
    if (left > 0) return ProbeOutcome::passed;
    ::poll(nullptr, 0, kProbeStepMs);
  }
  TRY(const std::uint64_t arrived, counters.count("arrived" + digit));
  return arrived > 0 ? ProbeOutcome::dropped : ProbeOutcome::lost;
}

}  // namespace

Result<GatewayDnsSockets> Router::make_gateway_dns_sockets() {
  TRY(auto visit, NamespaceVisit::enter(router_.get()));
  GatewayDnsSockets sockets;
  TRY(sockets.udp4, make_listener(kGateway4, SOCK_DGRAM));
  TRY(sockets.tcp4, make_listener(kGateway4, SOCK_STREAM));
  if (!has_ipv6_) return sockets;
  TRY(sockets.udp6, make_listener(kGateway6, SOCK_DGRAM));
  TRY(sockets.tcp6, make_listener(kGateway6, SOCK_STREAM));
  return sockets;
}

Result<os::UniqueFd> Router::make_host_udp_socket(int family) {
  TRY(auto visit, NamespaceVisit::enter(host_.get()));
  return make_socket(family, SOCK_DGRAM);
}

Result<os::UniqueFd> Router::make_host_tcp_socket(int family) {
  TRY(auto visit, NamespaceVisit::enter(host_.get()));
  return make_socket(family, SOCK_STREAM);
}

Result<ProbeReport> Router::probe() {
  constexpr std::uint32_t kIndex = kEnvironmentsMax - 1;
  ProbeReport report;
  TRY(auto routes, list_routes(host_route_, AF_INET));
  const bool has_way_out4 = std::ranges::any_of(
      routes, [](const RouteEntry& route) { return route.destination.length == 0; });
  TRY(auto network, make(kIndex, model::NetworkPolicy::internet));
  const auto run = [&]() -> Result<void> {
    TRY(auto visit, NamespaceVisit::enter(host_.get()));
    TRY(auto counters,
        ProbeCounters::install(*host_nft_, table_ + "_probe", options_.device,
                               plan_.environment4(kIndex), plan_.environment6(kIndex)));
    if (has_way_out4) {
      TRY(report.ipv4, try_family(counters, network.netns.get(), kProbeTarget4));
    }
    if (has_ipv6_) {
      TRY(report.ipv6, try_family(counters, network.netns.get(), kProbeTarget6));
    }
    if (report.ipv4 == ProbeOutcome::dropped || report.ipv6 == ProbeOutcome::dropped) {
      TRY(auto chains, host_nft_->run_json("list chains", "list the host's chains"));
      TRY(report.advice, advice_for(chains, options_.device));
    }
    return ok();
  };
  auto done = run();
  const auto released = release(std::span(&kIndex, 1));
  TRY(std::move(done));
  if (!released) return released.error();
  return report;
}

}  // namespace proa::launcher::net
