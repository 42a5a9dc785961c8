#include "launcher/net/links.h"

#include "support/network_world.h"
#include "unit/launcher/cgroup_fixture.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <optional>

namespace proa::launcher::net {
namespace {

IpAddress ip(const std::string& text) { return IpAddress::parse(text).value(); }
Prefix prefix(const std::string& text) { return Prefix::parse(text).value(); }

/// A traffic control program that drops everything. Errc: os.
os::UniqueFd dropping_program() {
  const std::array<bpf_insn, 2> code{
      {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, TC_ACT_SHOT}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_SCHED_CLS;
  attributes.insns = reinterpret_cast<std::uint64_t>(code.data());
  attributes.insn_cnt = code.size();
  attributes.license = reinterpret_cast<std::uint64_t>("GPL");
  return os::UniqueFd(
      static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes)));
}

// Two namespaces without IPv6 chatter; the thread stands in the first.
class LinksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto near = NamespaceVisit::enter_new();
    if (!near) GTEST_SKIP() << "needs the right to make network namespaces";
    visit_.emplace(std::move(near).value());
    near_ = std::move(NetlinkSocket::open(NETLINK_ROUTE).value());
    const auto far = NamespaceVisit::enter_new();
    ASSERT_TRUE(far);
    ASSERT_TRUE(write_setting("ipv6/conf/default/disable_ipv6", "1"));
    far_space_ = std::move(current_namespace().value());
    far_ = std::move(NetlinkSocket::open(NETLINK_ROUTE).value());
  }

  VethSpec spec(const std::string& name, int index = 0, std::uint32_t group = 0) const {
    VethSpec made;
    made.name = name;
    made.mac = {2, 0, 0, 0, 0, 1};
    made.index = index;
    made.group = group;
    made.peer_name = "far-" + name;
    made.peer_mac = {2, 0, 0, 0, 0, 2};
    made.peer_namespace = far_space_.get();
    return made;
  }
  Device add(const VethSpec& made) {
    const auto added = add_veth(near_, made);
    EXPECT_TRUE(added) << added.error().message();
    return find_device(near_, made.name).value();
  }
  bool is_there(const std::string& name) { return find_device(near_, name).has_value(); }
  bool is_there_too(const std::string& name) { return find_device(far_, name).has_value(); }

  /// One link: 10.9.0.1 here and 10.9.0.2 there, where both know how to reach the other.
  void connect_both() {
    auto made = spec("e1");
    ASSERT_TRUE(write_setting("ipv6/conf/default/disable_ipv6", "1"));
    near_end_ = add(made);
    far_end_ = find_device(far_, made.peer_name).value();
    ASSERT_TRUE(bring_up(far_, far_end_));
    ASSERT_TRUE(add_address(near_, near_end_, {ip("10.9.0.1"), 32}));
    ASSERT_TRUE(add_address(far_, far_end_, {ip("10.9.0.2"), 32}));
    ASSERT_TRUE(add_route(near_, near_end_, {prefix("10.9.0.2/32"), std::nullopt, false}));
    ASSERT_TRUE(add_route(far_, far_end_, {prefix("10.9.0.1/32"), std::nullopt, false}));
    ASSERT_TRUE(add_neighbour(near_, near_end_, ip("10.9.0.2"), made.peer_mac));
    ASSERT_TRUE(test::becomes_true([this] { return has_carrier(); }));
    ASSERT_TRUE(set_group(near_, near_end_, 1)) << "takes the lock that this work ends with";
    auto at = proa::test::address_of("10.9.0.2", 7);
    receiver_ = proa::test::socket_in(far_space_.get(), AF_INET, SOCK_DGRAM);
    ASSERT_EQ(::bind(receiver_.get(), at.get(), at.size), 0);
  }
  /// Whether the kernel noticed, in work of its own, that the far end is up: until then it drops
  /// what is sent.
  bool has_carrier() {
    constexpr std::byte kUp{6};  // IF_OPER_UP
    std::byte state{};
    ifinfomsg header{};
    header.ifi_index = near_end_.index;
    Message question(RTM_GETLINK, 0);
    question.fixed(header);
    const auto look = [&](int attribute, std::span<const std::byte> value) {
      if (attribute == IFLA_OPERSTATE && !value.empty()) state = value[0];
    };
    return near_.ask(std::move(question), "state",
                     [&](std::uint16_t, std::span<const std::byte> payload) {
                       for_each_attribute(payload.subspan(sizeof header), look);
                     }) &&
           state == kUp;
  }
  static void send_one() {
    auto to = proa::test::address_of("10.9.0.2", 7);
    const os::UniqueFd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::sendto(sender.get(), "hello", 5, 0, to.get(), to.size), 5);
  }
  bool arrives() const {
    pollfd waiting{receiver_.get(), POLLIN, 0};
    std::array<char, 8> buffer{};
    return ::poll(&waiting, 1, 10'000) == 1 &&
           ::recv(receiver_.get(), buffer.data(), buffer.size(), 0) == 5;
  }
  std::uint64_t received() { return packets_received(far_, far_end_).value(); }

  std::optional<NamespaceVisit> visit_;
  os::UniqueFd far_space_;
  NetlinkSocket near_;
  NetlinkSocket far_;
  Device near_end_;
  Device far_end_;
  os::UniqueFd receiver_;
};

ifreq ask_device(const std::string& name, unsigned long question) {
  const os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq asked{};
  name.copy(asked.ifr_name, sizeof asked.ifr_name - 1);
  EXPECT_EQ(::ioctl(socket.get(), question, &asked), 0) << name;
  return asked;
}

TEST_F(LinksTest, APairHasItsEndsNumbersAndAddressesAsAskedAndOnlyTheNearEndIsUp) {
  auto wanted = spec("e1", 77);
  wanted.peer_index = 88;
  EXPECT_EQ(add(wanted).index, 77);
  EXPECT_EQ(find_device(far_, "far-e1").value().index, 88);
  EXPECT_EQ(ask_device("e1", SIOCGIFHWADDR).ifr_hwaddr.sa_data[5], 1);
  EXPECT_NE(ask_device("e1", SIOCGIFFLAGS).ifr_flags & IFF_UP, 0);
  const auto there = NamespaceVisit::enter(far_space_.get());
  EXPECT_EQ(ask_device("far-e1", SIOCGIFHWADDR).ifr_hwaddr.sa_data[5], 2);
  EXPECT_EQ(ask_device("far-e1", SIOCGIFFLAGS).ifr_flags & IFF_UP, 0);
  ASSERT_TRUE(bring_up(far_, {88, "far-e1"}));
  EXPECT_NE(ask_device("far-e1", SIOCGIFFLAGS).ifr_flags & IFF_UP, 0);
}

TEST_F(LinksTest, APairWhoseNameIsTakenIsNamedAndLeavesNoHalf) {
  add(spec("e1"));
  auto again = spec("e1");
  again.peer_name = "other";
  const auto failed = add_veth(near_, again);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().os_errno(), EEXIST);
  EXPECT_NE(failed.error().message().find("veth pair e1 and other"), std::string::npos);
  EXPECT_FALSE(is_there_too("other"));
}

TEST_F(LinksTest, DeletingOneEndTakesTheOther) {
  const Device device = add(spec("e1"));
  ASSERT_TRUE(delete_device(near_, device));
  EXPECT_FALSE(is_there("e1"));
  EXPECT_FALSE(is_there_too("far-e1"));
  const auto again = delete_device(near_, device);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().os_errno(), ENODEV);
  EXPECT_NE(again.error().message().find("delete device e1"), std::string::npos);
}

TEST_F(LinksTest, AGroupIsDeletedAtOnceAndNoOtherDevice) {
  add(spec("e1", 0, 5));
  const Device moved = add(spec("e2", 0, 6));
  add(spec("e3", 0, 6));
  ASSERT_TRUE(set_group(near_, moved, 5));
  ASSERT_TRUE(delete_group(near_, 5));
  EXPECT_FALSE(is_there("e1"));
  EXPECT_FALSE(is_there("e2"));
  EXPECT_TRUE(is_there("e3"));
  EXPECT_TRUE(is_there("lo"));
  EXPECT_TRUE(delete_group(near_, 5)) << "an empty group is no error";
}

TEST_F(LinksTest, DevicesAreFoundByTheAliasThatNamesTheirOwner) {
  const Device mine = add(spec("e1"));
  const Device other = add(spec("e2"));
  add(spec("e3"));
  ASSERT_TRUE(set_alias(near_, mine, "proa:instance=5"));
  ASSERT_TRUE(set_alias(near_, other, "proa:instance=51"));
  const auto found = devices_with_alias(near_, "proa:instance=5").value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().index, mine.index);
  EXPECT_EQ(found.front().name, "e1");
  EXPECT_TRUE(devices_with_alias(near_, "nobody").value().empty());
}

TEST_F(LinksTest, AnAddressCanBeUsedAtOnceInBothFamilies) {
  const Device device = add(spec("e1"));
  for (const std::string text : {"10.9.0.1", "fd00:9::1"}) {
    const auto added = add_address(near_, device, {ip(text), ip(text).is_v6() ? 128U : 32U});
    ASSERT_TRUE(added) << added.error().message();
    auto at = proa::test::address_of(text, 7);
    const os::UniqueFd socket(::socket(at.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(socket.get(), at.get(), at.size), 0) << text;
  }
  const auto again = add_address(near_, device, {ip("10.9.0.1"), 32});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().os_errno(), EEXIST);
  EXPECT_NE(again.error().message().find("10.9.0.1/32 to device e1"), std::string::npos);
}

TEST_F(LinksTest, ADeletedAddressTakesTheRoutesOfItsDeviceAlong) {
  connect_both();
  ASSERT_TRUE(delete_address(near_, near_end_, {ip("10.9.0.1"), 32}));
  const auto routes = list_routes(near_, AF_INET);
  ASSERT_TRUE(routes);
  EXPECT_TRUE(routes.value().empty());
  const auto again = delete_address(near_, near_end_, {ip("10.9.0.1"), 32});
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message().find("delete address 10.9.0.1/32 of device e1"),
            std::string::npos)
      << again.error().message();
}

TEST_F(LinksTest, RoutesAreListedWithDestinationDeviceAndMaker) {
  const Device device = add(spec("e1"));
  ASSERT_TRUE(bring_up(near_, {1, "lo"}));
  ASSERT_TRUE(bring_up(far_, find_device(far_, "far-e1").value()));
  ASSERT_TRUE(add_route(near_, device, {prefix("10.50.0.0/16"), std::nullopt, false}));
  const auto onlink = add_route(near_, device, {prefix("0.0.0.0/0"), ip("169.254.7.1"), true});
  ASSERT_TRUE(onlink) << onlink.error().message();
  ASSERT_TRUE(add_route(near_, device, {prefix("fd00:50::/32"), std::nullopt, false}));
  std::vector<std::string> listed;
  for (const int family : {AF_INET, AF_INET6}) {
    const std::vector<RouteEntry> routes = list_routes(near_, family).value();
    for (const RouteEntry& route : routes) {
      if (route.protocol != RTPROT_STATIC) continue;  // the kernel's own
      EXPECT_EQ(route.device_index, device.index);
      EXPECT_EQ(route.type, RTN_UNICAST);
      listed.push_back(route.destination.text());
    }
  }
  EXPECT_EQ(listed, (std::vector<std::string>{"0.0.0.0/0", "10.50.0.0/16", "fd00:50::/32"}));
}

TEST_F(LinksTest, AGatewayThatNoAddressReachesIsAnErrorThatNamesTheRoute) {
  const Device device = add(spec("e1"));
  ASSERT_TRUE(bring_up(far_, find_device(far_, "far-e1").value()));
  const auto failed = add_route(near_, device, {prefix("10.50.0.0/16"), ip("169.254.7.1"), false});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("10.50.0.0/16 to device e1"), std::string::npos);
}

TEST_F(LinksTest, ANeighbourIsNeverAskedForAndPacketsAreCounted) {
  connect_both();
  ASSERT_EQ(received(), 0U);
  send_one();
  EXPECT_TRUE(arrives());
  EXPECT_EQ(received(), 1U) << "a question for the neighbour came along";
  const auto missing = packets_received(near_, {4711, "e9"});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find("device e9"), std::string::npos);
}

TEST_F(LinksTest, AProgramSeesThePacketsOfItsDirectionOnly) {
  connect_both();
  const os::UniqueFd program = dropping_program();
  if (!program) GTEST_SKIP() << "no right to load BPF programs";
  const auto without = add_program(near_, near_end_, TcDirection::egress, program.get(), "drop");
  ASSERT_FALSE(without) << "there is no qdisc to hang it on yet";
  EXPECT_NE(without.error().message().find("attach program drop to device e1"), std::string::npos);
  ASSERT_TRUE(add_clsact(near_, near_end_));
  EXPECT_EQ(add_clsact(near_, near_end_).error().os_errno(), EEXIST);
  ASSERT_TRUE(add_program(near_, near_end_, TcDirection::ingress, program.get(), "drop"));
  send_one();
  EXPECT_TRUE(arrives()) << "an ingress program dropped what goes out";
  ASSERT_TRUE(add_program(near_, near_end_, TcDirection::egress, program.get(), "drop"));
  send_one();
  EXPECT_EQ(received(), 1U) << "the egress program did not drop";
}

}  // namespace
}  // namespace proa::launcher::net
