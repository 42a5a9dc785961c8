#include "launcher/net/uplink_choice.h"

#include "support/network_world.h"

#include <gtest/gtest.h>

namespace proa::launcher {
namespace {

using net::ChosenUplink;
using net::NamespaceVisit;
using net::RouterOptions;
using net::UplinkKind;

TEST(UplinkMode, HasTheNamesOfTheOption) {
  for (const char* name : {"auto", "kernel", "pasta", "none"}) {
    EXPECT_EQ(to_string(parse_uplink_mode(name).value()), name);
  }
  EXPECT_EQ(parse_uplink_mode("bridge").error().code(), Errc::invalid);
}

class UplinkChoice : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || !NamespaceVisit::enter_new()) {
      GTEST_SKIP() << "needs the right to make network namespaces";
    }
    world_.emplace();
  }

  ChosenUplink choose(UplinkMode mode) {
    RouterOptions options = RouterOptions::for_instance(50);
    options.host_namespace = world_->host();
    return net::choose_uplink(options, mode);
  }
  void on_host(const char* setting, const char* value) {
    auto visit = NamespaceVisit::enter(world_->host()).value();
    ASSERT_TRUE(net::write_setting(setting, value));
  }

  std::optional<proa::test::NetworkWorld> world_;
};

TEST_F(UplinkChoice, AHostThatForwardsGivesTheKernelsWayWithoutAReason) {
  const auto chosen = choose(UplinkMode::automatic);
  ASSERT_TRUE(chosen.router) << chosen.reason;
  EXPECT_EQ(chosen.router->uplink(), UplinkKind::kernel);
  EXPECT_EQ(chosen.reason, "");
}

TEST_F(UplinkChoice, WithoutForwardingTheKernelsWayAloneIsNoneWithTheSettingNamed) {
  on_host("ipv4/ip_forward", "0");
  const auto chosen = choose(UplinkMode::kernel);
  EXPECT_FALSE(chosen.router);
  EXPECT_NE(chosen.reason.find("net.ipv4.ip_forward is 0"), std::string::npos) << chosen.reason;
}

TEST_F(UplinkChoice, WithoutForwardingPastaCarriesPacketsAndKeepsOffTheHost) {
  if (!net::find_pasta()) GTEST_SKIP() << "pasta is not installed";
  on_host("ipv4/ip_forward", "0");
  proa::test::Servers servers;
  servers.listen(world_->host(), "0.0.0.0");
  servers.listen(world_->internet(), proa::test::kServer4);
  servers.start();
  const auto chosen = choose(UplinkMode::automatic);
  ASSERT_TRUE(chosen.router) << chosen.reason;
  EXPECT_EQ(chosen.router->uplink(), UplinkKind::pasta);
  EXPECT_NE(chosen.reason.find("net.ipv4.ip_forward is 0"), std::string::npos) << chosen.reason;
  auto made = chosen.router->make(1, model::NetworkPolicy::internet);
  ASSERT_TRUE(made) << made.error().message();
  const int inside = made.value().netns.get();
  EXPECT_EQ(proa::test::talk(inside, proa::test::kServer4),
            std::string("you are ") + proa::test::kHostPublic4);
  EXPECT_EQ(proa::test::talk(inside, proa::test::kHostPublic4), "ECONNREFUSED");
}

}  // namespace
}  // namespace proa::launcher
