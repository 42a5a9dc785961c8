#include "frames/init/guest_network.h"

#include "frames/guest_devices.h"
#include "launcher/net/addresses.h"
#include "launcher/net/router_names.h"
#include "unit/frames/apart.h"

#include <gtest/gtest.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <map>
#include <string>

namespace proa::frames::init {
namespace {

constexpr int kIndex = 7;
constexpr int kSkipped = 77;

/// A request as the kernel's own headers read it.
template <class Header>
struct Parsed {
  explicit Parsed(const NetRequest& request) {
    const auto bytes = request.bytes();
    std::memcpy(&message, bytes.data(), sizeof message);
    EXPECT_EQ(message.nlmsg_len, bytes.size());
    std::memcpy(&header, bytes.data() + NLMSG_HDRLEN, sizeof header);
    auto rest = bytes.subspan(NLMSG_SPACE(sizeof header));
    while (rest.size() >= sizeof(rtattr)) {
      rtattr attribute{};
      std::memcpy(&attribute, rest.data(), sizeof attribute);
      if (attribute.rta_len < sizeof attribute || attribute.rta_len > rest.size()) break;
      attributes[attribute.rta_type] = std::string(
          reinterpret_cast<const char*>(rest.data()) + RTA_LENGTH(0), RTA_PAYLOAD(&attribute));
      rest = rest.subspan(std::min<std::size_t>(RTA_ALIGN(attribute.rta_len), rest.size()));
    }
    EXPECT_TRUE(rest.empty());
  }
  nlmsghdr message{};
  Header header{};
  std::map<int, std::string> attributes;
};

std::string text(std::initializer_list<int> bytes) { return {bytes.begin(), bytes.end()}; }

TEST(NetRequest, GivesAnAddressOfItsOwn) {
  const Parsed<ifaddrmsg> four(address_request(kIndex, net_address(kGuestAddress4)));
  EXPECT_EQ(four.message.nlmsg_type, RTM_NEWADDR);
  EXPECT_EQ(four.message.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  EXPECT_EQ(four.header.ifa_family, AF_INET);
  EXPECT_EQ(four.header.ifa_prefixlen, 32);
  EXPECT_EQ(four.header.ifa_index, static_cast<unsigned>(kIndex));
  EXPECT_EQ(four.attributes.at(IFA_LOCAL), text({169, 254, 100, 2}));
  EXPECT_EQ(four.attributes.at(IFA_ADDRESS), text({169, 254, 100, 2}));
  const Parsed<ifaddrmsg> six(address_request(kIndex, net_address(kGuestAddress6)));
  EXPECT_EQ(six.header.ifa_family, AF_INET6);
  EXPECT_EQ(six.header.ifa_prefixlen, 128);
  EXPECT_EQ(six.header.ifa_flags, IFA_F_NODAD);
  EXPECT_EQ(six.attributes.at(IFA_LOCAL).size(), 16U);
}

TEST(NetRequest, NamesTheGatewayForGood) {
  const Parsed<ndmsg> parsed(neighbour_request(kIndex, net_address(kGuestGateway4)));
  EXPECT_EQ(parsed.message.nlmsg_type, RTM_NEWNEIGH);
  EXPECT_EQ(parsed.message.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
  EXPECT_EQ(parsed.header.ndm_ifindex, kIndex);
  EXPECT_EQ(parsed.header.ndm_state, NUD_PERMANENT);
  EXPECT_EQ(parsed.attributes.at(NDA_DST), text({169, 254, 100, 1}));
  EXPECT_EQ(parsed.attributes.at(NDA_LLADDR), text({0x02, 0x70, 0x72, 0x6f, 0x61, 0x01}));
}

TEST(NetRequest, RoutesEverythingToTheGateway) {
  const Parsed<rtmsg> four(default_route_request(kIndex, net_address(kGuestGateway4)));
  EXPECT_EQ(four.message.nlmsg_type, RTM_NEWROUTE);
  EXPECT_EQ(four.header.rtm_table, RT_TABLE_MAIN);
  EXPECT_EQ(four.header.rtm_protocol, RTPROT_STATIC);
  EXPECT_EQ(four.header.rtm_scope, RT_SCOPE_UNIVERSE);
  EXPECT_EQ(four.header.rtm_type, RTN_UNICAST);
  EXPECT_EQ(four.header.rtm_dst_len, 0);
  EXPECT_EQ(four.header.rtm_flags, static_cast<unsigned>(RTNH_F_ONLINK));
  EXPECT_EQ(four.attributes.at(RTA_OIF), text({kIndex, 0, 0, 0}));
  EXPECT_EQ(four.attributes.at(RTA_GATEWAY), text({169, 254, 100, 1}));
  const Parsed<rtmsg> six(default_route_request(kIndex, net_address(kGuestGateway6)));
  EXPECT_EQ(six.header.rtm_flags, 0U);
  const Parsed<rtmsg> link(gateway_route_request(kIndex, net_address(kGuestGateway6)));
  EXPECT_EQ(link.header.rtm_dst_len, 128);
  EXPECT_EQ(link.attributes.at(RTA_DST), six.attributes.at(RTA_GATEWAY));
  EXPECT_EQ(link.attributes.count(RTA_GATEWAY), 0U);
}

TEST(GuestAddresses, AreThoseOfAContainer) {
  namespace net = launcher::net;
  EXPECT_STREQ(kGuestAddress4, net::kInside4);
  EXPECT_STREQ(kGuestAddress6, net::kInside6);
  EXPECT_STREQ(kGuestGateway4, net::kGateway4);
  EXPECT_STREQ(kGuestGateway6, net::kGateway6);
  EXPECT_EQ(kGuestMac, net::kInsideMac);
  EXPECT_EQ(kGuestGatewayMac, net::kRouterMac);
}

/// What a command prints; in the network namespace of the caller.
std::string output_of(const char* command) {
  std::string output;
  FILE* pipe = ::popen(command, "re");
  if (pipe == nullptr) return output;
  std::array<char, 4096> bytes{};
  while (const std::size_t count = ::fread(bytes.data(), 1, bytes.size(), pipe)) {
    output.append(bytes.data(), count);
  }
  ::pclose(pipe);
  return output;
}

bool has(const std::string& output, const char* part) {
  return output.find(part) != std::string::npos;
}

bool has_ipv6() { return ::access("/proc/sys/net/ipv6", F_OK) == 0; }

/// Sets up an eth0 whose other end is up; kSkipped where that cannot be made, else what fails.
int configured(bool wants_ipv6) {
  if (::system("ip link add eth0 mtu 1400 type veth peer name far && ip link set far up") != 0) {
    return kSkipped;
  }
  if (!raise_loopback()) return 10;
  return configure_network(wants_ipv6) == nullptr ? 0 : 11;
}

TEST(GuestNetwork, IsThatOfAContainer) {
  const int result = apart(CLONE_NEWNET, [] {
    if (const int failed = configured(true)) return failed;
    const std::string addresses = output_of("ip -o addr show dev eth0");
    const std::string routes = output_of("ip route; ip -6 route; ip neigh");
    if (!has(addresses, "169.254.100.2/32")) return 1;
    if (!has(routes, "default via 169.254.100.1 dev eth0 proto static onlink")) return 2;
    if (!has(routes, "169.254.100.1 dev eth0 lladdr 02:70:72:6f:61:01 PERMANENT")) return 3;
    if (!has(output_of("ip link show dev eth0"), "mtu 1400")) return 4;
    if (!has_ipv6()) return 0;
    if (!has(addresses, "fd70:726f:61ff::2/128") || has(addresses, "fe80")) return 5;
    if (has(addresses, "tentative")) return 6;
    if (!has(routes, "fd70:726f:61ff::1 dev eth0 proto static")) return 7;
    if (!has(routes, "default via fd70:726f:61ff::1 dev eth0 proto static")) return 8;
    return has(routes, "fd70:726f:61ff::1 dev eth0 lladdr 02:70:72:6f:61:01") ? 0 : 9;
  });
  if (result == kSkipped || result == -1) GTEST_SKIP() << "no veth pair can be made here";
  EXPECT_EQ(result, 0);
}

TEST(GuestNetwork, HasNoIpv6WhereTheRouterHasNone) {
  const int result = apart(CLONE_NEWNET, [] {
    if (const int failed = configured(false)) return failed;
    const std::string addresses = output_of("ip -o addr show dev eth0");
    return has(addresses, "169.254.100.2/32") && !has(addresses, "inet6") ? 0 : 1;
  });
  if (result == kSkipped || result == -1) GTEST_SKIP() << "no veth pair can be made here";
  EXPECT_EQ(result, 0);
}

TEST(GuestNetwork, IsNotMissedWhereThereIsNone) {
  const int result = apart(CLONE_NEWNET, [] {
    if (configure_network(true) != nullptr || !raise_loopback()) return 1;
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    if (::ioctl(socket, SIOCGIFFLAGS, &request) != 0) return 2;
    return (request.ifr_flags & IFF_UP) != 0 ? 0 : 3;
  });
  if (result == -1) GTEST_SKIP() << "no network namespace can be made here";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace proa::frames::init
