// How a router comes to be, and what it leaves alone when it cannot.
#include "unit/launcher/router_fixture.h"

#include <algorithm>

namespace proa::launcher::net {
namespace {

class RouterSetup : public test::RouterTest {
 protected:
  /// Why no router is made; nothing of it may be on the host then.
  Error refusal(const RouterOptions& wanted) const {
    const auto refused = Router::create(wanted);
    EXPECT_FALSE(refused);
    EXPECT_FALSE(host_has("list tables", "proa_"));
    return refused ? Error(Errc::internal, "it was made") : refused.error();
  }
};

TEST_F(RouterSetup, TheHostGetsADeviceOfOursATableAndRoutesToTheEnvironments) {
  const auto router = this->router();
  ASSERT_TRUE(router);
  auto host = proa::test::NetworkWorld::socket_of(world_->host());
  const auto ours = devices_with_alias(host, owner_alias("52")).value();
  ASSERT_EQ(ours.size(), 1U);
  EXPECT_EQ(ours.front().name, "proa52");
  EXPECT_EQ(world_->nft("list tables"), "table inet proa_52\n");
  const RouterOptions wanted = options();
  for (const auto& [family, range] :
       {std::pair(AF_INET, wanted.outside4), std::pair(AF_INET6, wanted.outside6)}) {
    const auto routes = list_routes(host, family).value();
    EXPECT_TRUE(std::ranges::any_of(routes, [&, text = range](const RouteEntry& route) {
      return route.destination.text() == text && route.device_index == ours.front().index;
    })) << range;
  }
  EXPECT_EQ(setting(world_->host(), "ipv6/conf/proa52/accept_ra"), "0");
  EXPECT_EQ(router->uplink(), UplinkKind::kernel);
  EXPECT_EQ(router->uplink_news_fd(), -1);
  EXPECT_EQ(router->uplink_problem(), "");
  EXPECT_EQ(router->environments(), 0U);
}

TEST_F(RouterSetup, TheRoutersNamespaceForwardsWithoutRedirectsOrLimitsOnRefusals) {
  const auto router = this->router();
  ASSERT_TRUE(router);
  const auto inside = namespace_of(*router);
  ASSERT_NE(number_of(inside.get()), number_of(world_->host()));
  EXPECT_TRUE(has_device(inside.get(), kUplinkName));
  for (const char* on : {"ipv4/ip_forward", "ipv6/conf/all/forwarding"}) {
    EXPECT_EQ(setting(inside.get(), on), "1") << on;
  }
  for (const char* off :
       {"ipv4/conf/all/accept_redirects", "ipv4/conf/all/send_redirects", "ipv4/conf/all/rp_filter",
        "ipv4/icmp_ratemask", "ipv6/icmp/ratelimit", "ipv6/conf/default/accept_ra"}) {
    EXPECT_EQ(setting(inside.get(), off), "0") << off;
  }
}

TEST_F(RouterSetup, NamesThatCannotBeNamesAreRefused) {
  for (const std::string& id : {std::string(), std::string("a-b"), std::string(25, 'a')}) {
    RouterOptions wanted = options();
    wanted.instance_id = id;
    EXPECT_EQ(refusal(wanted).code(), Errc::invalid) << id;
    EXPECT_EQ(Router::clean_leftovers(world_->host(), id).error().code(), Errc::invalid) << id;
  }
  for (const std::string& device : {std::string(), std::string("a b"), std::string(16, 'a')}) {
    RouterOptions wanted = options();
    wanted.device = device;
    const Error refused = refusal(wanted);
    EXPECT_EQ(refused.code(), Errc::invalid);
    EXPECT_NE(refused.message().find("'" + device + "'"), std::string::npos);
  }
}

TEST_F(RouterSetup, ADeviceOfThatNameThatIsNotOursIsAConflictAndStays) {
  auto host = proa::test::NetworkWorld::socket_of(world_->host());
  VethSpec foreign;
  foreign.name = "proa52";
  foreign.mac = {2, 0, 0, 0, 1, 1};
  foreign.peer_name = "other";
  foreign.peer_mac = {2, 0, 0, 0, 1, 2};
  foreign.peer_namespace = world_->internet();
  ASSERT_TRUE(add_veth(host, foreign));
  const Error refused = refusal(options());
  EXPECT_EQ(refused.code(), Errc::conflict);
  EXPECT_NE(refused.message().find("proa52 exists and is not ours"), std::string::npos);
  EXPECT_TRUE(has_device(world_->host(), "proa52"));
}

TEST_F(RouterSetup, WhatADeadOneOfTheSameNameLeftIsReplacedAndOthersStay) {
  auto host = proa::test::NetworkWorld::socket_of(world_->host());
  VethSpec left;
  left.name = "old0";
  left.mac = {2, 0, 0, 0, 1, 1};
  left.peer_name = "old1";
  left.peer_mac = {2, 0, 0, 0, 1, 2};
  left.peer_namespace = world_->internet();
  ASSERT_TRUE(add_veth(host, left));
  ASSERT_TRUE(set_alias(host, find_device(host, "old0").value(), owner_alias("52")));
  world_->nft("add table inet proa_52\nadd table inet proa_52_probe\nadd table inet proa_5\n");
  const auto router = this->router();
  ASSERT_TRUE(router);
  EXPECT_FALSE(has_device(world_->host(), "old0"));
  EXPECT_FALSE(host_has("list tables", "proa_52_probe"));
  EXPECT_TRUE(host_has("list tables", "proa_5\n")) << "another instance's";
}

TEST_F(RouterSetup, RangesThatARouteOfTheHostTouchesAreAConflict) {
  world_->add_host_route("fd70:726f:6134:7::/64");
  const Error refused = refusal(options());
  EXPECT_EQ(refused.code(), Errc::conflict);
  EXPECT_NE(refused.message().find("fd70:726f:6134:7::/64"), std::string::npos);
  RouterOptions without = options();
  without.wants_ipv6 = false;
  EXPECT_TRUE(Router::create(without)) << "a range that is not used touches nothing";
}

TEST_F(RouterSetup, ForwardingIsSwitchedOnOnlyWithPermission) {
  set(world_->host(), "ipv4/ip_forward", "0");
  const Error refused = refusal(options());
  EXPECT_EQ(refused.code(), Errc::denied);
  EXPECT_NE(refused.message().find("net.ipv4.ip_forward is 0"), std::string::npos);
  EXPECT_EQ(setting(world_->host(), "ipv4/ip_forward"), "0");
  RouterOptions allowed = options();
  allowed.may_enable_forwarding = true;
  ASSERT_TRUE(Router::create(allowed));
  EXPECT_EQ(setting(world_->host(), "ipv4/ip_forward"), "1");
}

TEST_F(RouterSetup, WithoutIpv6ItSaysWhy) {
  const auto reason = [](const RouterOptions& wanted) -> std::string {
    const auto router = Router::create(wanted);
    if (!router) return router.error().message();
    return router.value()->has_ipv6() ? "it has" : router.value()->no_ipv6_reason();
  };
  EXPECT_EQ(reason(options()), "it has");
  RouterOptions unwanted = options();
  unwanted.wants_ipv6 = false;
  EXPECT_EQ(reason(unwanted), "switched off");
  set(world_->host(), "ipv6/conf/all/forwarding", "0");
  EXPECT_EQ(reason(options()),
            "the host does not forward IPv6 (net.ipv6.conf.all.forwarding is 0)");
  EXPECT_EQ(setting(world_->host(), "ipv6/conf/all/forwarding"), "0");
  set(world_->host(), "ipv6/conf/all/disable_ipv6", "1");
  EXPECT_EQ(reason(options()), "the host has no IPv6 default route");
}

}  // namespace
}  // namespace proa::launcher::net
