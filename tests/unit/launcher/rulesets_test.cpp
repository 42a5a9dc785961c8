#include "launcher/net/rulesets.h"

#include "launcher/net/namespaces.h"
#include "launcher/net/nft.h"

#include <gtest/gtest.h>

namespace proa::launcher::net {
namespace {

AddressPlan plan_of(const char* outside4) {
  return AddressPlan::make(outside4, "fd70:726f:6105::/48").value();
}

TEST(Rulesets, CarryTheInstancesOwnNamesAndRanges) {
  const std::string host = host_ruleset(table_name("5"), "proa5", plan_of("100.69.0.0/16"));
  EXPECT_NE(host.find("table inet proa_5 {"), std::string::npos);
  EXPECT_NE(host.find("ip saddr 100.69.0.0/16 oifname != \"proa5\" masquerade"), std::string::npos);
  EXPECT_NE(host.find("ip daddr 100.69.0.1"), std::string::npos);
  const std::string router = router_ruleset(table_name("5"), plan_of("100.69.0.0/16"));
  for (const std::string& rules : {host, router}) {
    EXPECT_EQ(rules.find('@' + std::string("TABLE")), std::string::npos);
    EXPECT_EQ(rules.find("OUTSIDE"), std::string::npos);
    EXPECT_EQ(rules.find("DEVICE"), std::string::npos);
  }
}

TEST(Rulesets, EachPolicyHasAGroupOfItsOwn) {
  EXPECT_EQ(group_of(model::NetworkPolicy::internet), 10U);
  EXPECT_EQ(group_of(model::NetworkPolicy::lan), 11U);
  EXPECT_EQ(group_of(model::NetworkPolicy::none), 12U);
}

TEST(Rulesets, AreAcceptedByThisKernelForAnyRange) {
  auto visit = NamespaceVisit::enter_new();
  if (!visit) GTEST_SKIP() << "needs the right to make a network namespace";
  auto nft = Nft::open();
  ASSERT_TRUE(nft) << nft.error().message();
  int number = 0;
  // Inside one of the listed ranges, across none, and beside all of them.
  for (const char* outside4 : {"100.69.0.0/16", "198.18.0.0/16", "10.200.0.0/16", "33.1.0.0/16"}) {
    const std::string table = table_name(std::to_string(number++));
    const auto plan = plan_of(outside4);
    const auto router = nft.value().run(router_ruleset(table + "r", plan), "router");
    EXPECT_TRUE(router) << router.error().message();
    const auto host = nft.value().run(host_ruleset(table, "proa5", plan), "host");
    EXPECT_TRUE(host) << host.error().message();
  }
  const auto own = {IpAddress::parse("203.0.113.2").value(),
                    IpAddress::parse("2001:db8::2").value()};
  for (const std::vector<IpAddress>& addresses : {std::vector<IpAddress>(), {own}}) {
    const std::string table = table_name(std::to_string(number++));
    const auto pasta = nft.value().run(pasta_router_ruleset(table, addresses), "router of pasta");
    EXPECT_TRUE(pasta) << pasta.error().message();
    const auto host = nft.value().run(pasta_host_ruleset(table, 1880096768), "host of pasta");
    EXPECT_TRUE(host) << host.error().message();
  }
  const auto wrong = nft.value().run("add rule inet nowhere somewhere accept", "a rule");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Errc::not_found);
  EXPECT_NE(wrong.error().message().find("a rule: nft says"), std::string::npos);
}

}  // namespace
}  // namespace proa::launcher::net
