#include "launcher/pool_network.h"

#include "launcher/net/links.h"
#include "support/network_world.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace proa::launcher {
namespace {

using net::NamespaceVisit;
using net::NetlinkSocket;

class PoolNetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || !NamespaceVisit::enter_new()) {
      GTEST_SKIP() << "needs the right to make network namespaces";
    }
    world_.emplace();
  }

  void open(UplinkMode mode) {
    auto options = net::RouterOptions::for_instance(51);
    options.host_namespace = world_->host();
    network_.open(options, mode);
  }
  std::string status(const char* name) const {
    const auto all = network_.status();
    const auto* value = all.if_contains(name);
    return value == nullptr ? "" : std::string(value->as_string());
  }
  static bool has_device(int netns, const std::string& name) {
    auto visit = NamespaceVisit::enter(netns).value();
    auto socket = NetlinkSocket::open(NETLINK_ROUTE).value();
    return net::find_device(socket, name).has_value();
  }

  std::optional<proa::test::NetworkWorld> world_;
  PoolNetwork network_;
};

TEST_F(PoolNetworkTest, SwitchedOffGivesLoopbackOnlyAndSaysSo) {
  open(UplinkMode::none);
  EXPECT_EQ(status("uplink"), "none");
  EXPECT_EQ(status("reason"), "switched off by --uplink none");
  const auto inside = network_.make(0);
  ASSERT_TRUE(inside) << inside.error().message();
  EXPECT_TRUE(has_device(inside.value().get(), "lo"));
  EXPECT_FALSE(has_device(inside.value().get(), "eth0"));
  EXPECT_TRUE(network_.set_policy(0, Network::internet));
  const auto queue = network_.give_to_guest(0, inside.value().get());
  ASSERT_TRUE(queue) << queue.error().message();
  EXPECT_FALSE(queue.value()) << "nothing to join a guest with";
  EXPECT_FALSE(network_.has_ipv6());
  EXPECT_EQ(network_.open_gateway_dns().error().code(), Errc::unavailable);
  EXPECT_EQ(network_.news_fd(), -1);
  EXPECT_TRUE(network_.release(std::array<std::uint32_t, 1>{0}).empty());
  EXPECT_TRUE(network_.close());
}

TEST_F(PoolNetworkTest, ARouterGivesALinkWhichMayBeMadeAgainOnceReleased) {
  open(UplinkMode::kernel);
  ASSERT_EQ(status("uplink"), "kernel") << status("reason");
  const auto inside = network_.make(3);
  ASSERT_TRUE(inside) << inside.error().message();
  EXPECT_TRUE(has_device(inside.value().get(), "eth0"));
  EXPECT_TRUE(network_.set_policy(3, Network::internet));
  EXPECT_EQ(network_.set_policy(4, Network::internet).error().code(), Errc::not_found);
  EXPECT_TRUE(network_.has_ipv6());
  if (::access("/dev/net/tun", R_OK | W_OK) == 0) {
    const auto queue = network_.give_to_guest(3, inside.value().get());
    ASSERT_TRUE(queue) << queue.error().message();
    EXPECT_TRUE(queue.value());
  }
  network_.cut_off(3);
  EXPECT_TRUE(network_.release(std::array<std::uint32_t, 2>{3, 9}).empty());
  EXPECT_FALSE(has_device(inside.value().get(), "eth0"));
  EXPECT_TRUE(network_.make(3));
  const auto dns = network_.open_gateway_dns();
  ASSERT_TRUE(dns) << dns.error().message();
  EXPECT_EQ(dns.value().fds().size(), dns.value().message.has_ipv6 != 0 ? 4U : 2U);
  network_.begin_close();
  EXPECT_TRUE(network_.close());
  EXPECT_EQ(world_->nft("list tables"), "");
}

TEST_F(PoolNetworkTest, AHostThatCannotForwardGivesLoopbackOnlyAndTheReason) {
  {
    auto visit = NamespaceVisit::enter(world_->host()).value();
    ASSERT_TRUE(net::write_setting("ipv4/ip_forward", "0"));
  }
  open(UplinkMode::kernel);
  EXPECT_EQ(status("uplink"), "none");
  EXPECT_NE(status("reason").find("ip_forward is 0"), std::string::npos) << status("reason");
  EXPECT_TRUE(network_.make(0));
}

}  // namespace
}  // namespace proa::launcher
