#include "launcher/net/conntrack.h"

#include "support/network_world.h"

#include <gtest/gtest.h>

#include <optional>

namespace proa::launcher::net {
namespace {

// A namespace whose loopback device tracks what is sent from one of its addresses to another.
class ConntrackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto visit = NamespaceVisit::enter_new();
    if (!visit) GTEST_SKIP() << "needs the right to make network namespaces";
    visit_.emplace(std::move(visit).value());
    auto links = NetlinkSocket::open(NETLINK_ROUTE).value();
    ASSERT_TRUE(bring_up(links, {1, "lo"}));
    auto rules = Nft::open().value().run(
        "add table inet t\n"
        "add chain inet t early { type filter hook output priority -300; }\n"
        "add rule inet t early ip saddr 127.0.0.7 ct zone set 9\n"
        "add chain inet t late { type filter hook output priority 0; }\n"
        "add rule inet t late ct state new accept\n",
        "track");
    if (!rules) GTEST_SKIP() << "no connection tracking here: " << rules.error().message();
    socket_ = std::move(NetlinkSocket::open(NETLINK_NETFILTER).value());
  }

  /// One datagram from `source`, on a port of its own, to a socket at `target`: a connection.
  void connect(const std::string& source, const std::string& target = "127.0.0.9") {
    auto from = proa::test::address_of(source, 0);
    auto to = proa::test::address_of(target, 0);
    os::UniqueFd listener(::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener.get(), to.get(), to.size), 0) << target;
    ASSERT_EQ(::getsockname(listener.get(), to.get(), &to.size), 0);
    const os::UniqueFd sender(::socket(from.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(sender.get(), from.get(), from.size), 0) << source;
    ASSERT_EQ(::sendto(sender.get(), "x", 1, 0, to.get(), to.size), 1) << target;
    sockets_.push_back(std::move(listener));  // so that every connection has ports of its own
  }
  std::size_t forget(const std::vector<std::string>& sources) {
    std::set<IpAddress> addresses;
    for (const std::string& source : sources) addresses.insert(IpAddress::parse(source).value());
    const auto forgotten = forget_connections(socket_, addresses);
    EXPECT_TRUE(forgotten) << forgotten.error().message();
    return forgotten ? forgotten.value() : 0;
  }
  static std::string tracked() { return read_setting("netfilter/nf_conntrack_count").value(); }

  std::optional<NamespaceVisit> visit_;
  NetlinkSocket socket_;
  std::vector<os::UniqueFd> sockets_;
};

TEST_F(ConntrackTest, ForgetsEveryConnectionOfTheSourcesAndNoOther) {
  for (int i = 0; i < 3; ++i) connect("127.0.0.2");
  for (int i = 0; i < 2; ++i) connect("127.0.0.3");
  connect("127.0.0.4");
  ASSERT_EQ(tracked(), "6");
  EXPECT_EQ(forget({"127.0.0.2", "127.0.0.3", "127.0.0.5"}), 5U);
  EXPECT_EQ(tracked(), "1");
  EXPECT_EQ(forget({"127.0.0.2", "127.0.0.3"}), 0U);
  EXPECT_EQ(forget({"127.0.0.4"}), 1U);
}

TEST_F(ConntrackTest, AConnectionThatOthersOpenedToTheAddressStays) {
  connect("127.0.0.4", "127.0.0.2");
  EXPECT_EQ(forget({"127.0.0.2"}), 0U);
  EXPECT_EQ(tracked(), "1");
}

TEST_F(ConntrackTest, FindsTheConnectionsOfEveryZone) {
  connect("127.0.0.7");
  connect("127.0.0.8");
  EXPECT_EQ(forget({"127.0.0.7"}), 1U);
  EXPECT_EQ(tracked(), "1");
}

TEST_F(ConntrackTest, TheFamiliesAreApart) {
  connect("127.0.0.2");
  connect("::1", "::1");
  ASSERT_EQ(tracked(), "2");
  EXPECT_EQ(forget({"::1"}), 1U);
  EXPECT_EQ(tracked(), "1");
  EXPECT_EQ(forget({"127.0.0.2"}), 1U);
}

TEST_F(ConntrackTest, NoSourceIsNoWork) {
  connect("127.0.0.2");
  EXPECT_EQ(forget({}), 0U);
  EXPECT_EQ(tracked(), "1");
}

TEST_F(ConntrackTest, WithoutTheRightProtocolItIsAnErrorThatNamesTheStep) {
  auto wrong = NetlinkSocket::open(NETLINK_ROUTE).value();
  const auto failed = forget_connections(wrong, {IpAddress::parse("127.0.0.2").value()});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("list tracked connections"), std::string::npos);
}

}  // namespace
}  // namespace proa::launcher::net
