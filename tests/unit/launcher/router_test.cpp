// What a router keeps of its environments; what packets do is in
// tests/integration/network_test.cpp.
#include "launcher/net/rulesets.h"
#include "unit/launcher/router_fixture.h"

#include <cstring>

namespace proa::launcher::net {
namespace {

using model::NetworkPolicy;

class RouterEnvironments : public test::RouterTest {
 protected:
  void SetUp() override {
    RouterTest::SetUp();
    if (IsSkipped()) return;
    router_ = router();
    ASSERT_TRUE(router_);
    space_ = namespace_of(*router_);
  }
  /// The device group, which is the policy, of the router's end of an environment's link.
  std::uint32_t group_of_link(std::uint32_t index) const {
    auto socket = proa::test::NetworkWorld::socket_of(space_.get());
    std::uint32_t group = 0;
    ifinfomsg header{};
    header.ifi_index = environment_device(index).index;
    Message question(RTM_GETLINK, 0);
    question.fixed(header);
    const auto look = [&](int attribute, std::span<const std::byte> value) {
      if (attribute == IFLA_GROUP && value.size() == sizeof group) {
        std::memcpy(&group, value.data(), sizeof group);
      }
    };
    const auto asked = socket.ask(std::move(question), "group",
                                  [&](std::uint16_t, std::span<const std::byte> payload) {
                                    for_each_attribute(payload.subspan(sizeof header), look);
                                  });
    EXPECT_TRUE(asked) << asked.error().message();
    return group;
  }
  bool is_open_on_host(const std::string& element) const {
    return host_has("list set inet proa_52 hostport", element);
  }

  std::unique_ptr<Router> router_;
  os::UniqueFd space_;  ///< the router's
};

TEST_F(RouterEnvironments, EachHasALinkOfItsOwnAndTheAddressesOfThePlan) {
  const auto environment = made(*router_, 7);
  EXPECT_TRUE(has_device(environment.netns.get(), "eth0"));
  EXPECT_TRUE(has_device(space_.get(), "e7"));
  EXPECT_EQ(environment.outside4, router_->plan().environment4(7));
  EXPECT_EQ(environment.outside6, router_->plan().environment6(7));
  EXPECT_EQ(router_->environments(), 1U);
  EXPECT_EQ(setting(environment.netns.get(), "ipv6/conf/eth0/accept_ra"), "0") << "silence";
  EXPECT_EQ(setting(environment.netns.get(), "ipv6/conf/eth0/addr_gen_mode"), "1");
  for (const char* address : {kInside4, kInside6}) {
    auto at = proa::test::address_of(address, 80);
    const auto socket =
        proa::test::socket_in(environment.netns.get(), at.storage.ss_family, SOCK_STREAM);
    EXPECT_EQ(::bind(socket.get(), at.get(), at.size), 0) << address;
  }
}

TEST_F(RouterEnvironments, ANumberIsUsedOnceUntilItIsReleased) {
  const auto environment = made(*router_, 7);
  const auto again = router_->make(7, NetworkPolicy::none);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::conflict);
  EXPECT_EQ(router_->make(kEnvironmentsMax, NetworkPolicy::none).error().code(), Errc::invalid);
  const std::array<std::uint32_t, 2> indices{7, 8};
  const auto report = router_->release(indices);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report.value().swept, 1U) << "8 was never made";
  EXPECT_EQ(report.value().connections_forgotten, 0U) << "it never spoke";
  EXPECT_FALSE(has_device(environment.netns.get(), "eth0"));
  EXPECT_EQ(router_->environments(), 0U);
  EXPECT_TRUE(router_->make(7, NetworkPolicy::none));
}

TEST_F(RouterEnvironments, AnEnvironmentThatEndedByItselfIsReleasedWithoutAnError) {
  made(*router_, 7).netns.reset();
  auto socket = proa::test::NetworkWorld::socket_of(space_.get());
  (void)delete_device(socket, environment_device(7));  // as the kernel does in its own time
  const std::uint32_t index = 7;
  const auto report = router_->release(std::span(&index, 1));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report.value().swept, 0U);
  EXPECT_EQ(router_->environments(), 0U);
}

TEST_F(RouterEnvironments, ThePolicyIsTheGroupOfItsLink) {
  const auto environment = made(*router_, 7);
  EXPECT_EQ(group_of_link(7), group_of(NetworkPolicy::internet));
  for (const auto policy : {NetworkPolicy::none, NetworkPolicy::lan}) {
    ASSERT_TRUE(router_->set_policy(7, policy));
    EXPECT_EQ(group_of_link(7), group_of(policy));
  }
}

TEST_F(RouterEnvironments, AGuestGetsATapAndTheNamespaceAroundItLosesItsAddresses) {
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "no /dev/net/tun";
  const auto environment = made(*router_, 7);
  const int around = environment.netns.get();
  const auto queue = router_->give_to_guest(7, around);
  ASSERT_TRUE(queue) << queue.error().message();
  EXPECT_TRUE(has_device(around, "guest0"));
  for (const char* address : {kInside4, kInside6}) {
    auto at = proa::test::address_of(address, 80);
    const auto socket = proa::test::socket_in(around, at.storage.ss_family, SOCK_STREAM);
    EXPECT_NE(::bind(socket.get(), at.get(), at.size), 0) << address;
    EXPECT_EQ(errno, EADDRNOTAVAIL);
  }
  EXPECT_EQ(router_->give_to_guest(8, around).error().code(), Errc::not_found);
  const std::uint32_t index = 7;
  ASSERT_TRUE(router_->release(std::span(&index, 1)));
  EXPECT_FALSE(has_device(around, "eth0"));
}

TEST_F(RouterEnvironments, OnlyThoseThatAreThereCanBeChanged) {
  for (const auto& done : {router_->set_policy(8, NetworkPolicy::lan), router_->cut_off(8),
                           router_->add_hostport(8, 80), router_->remove_hostport(8, 80)}) {
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Errc::not_found);
    EXPECT_NE(done.error().message().find("environment 8"), std::string::npos);
  }
}

TEST_F(RouterEnvironments, PortsOfTheHostAreOpenedAndClosedOnceAndGoWithTheEnvironment) {
  const auto environment = made(*router_, 7);
  const std::string element = environment.outside4.text() + " . 8080";
  EXPECT_EQ(router_->add_hostport(7, 0).error().code(), Errc::invalid);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(router_->add_hostport(7, 8080)) << i;
  EXPECT_TRUE(is_open_on_host(element));
  EXPECT_EQ(setting(world_->host(), "ipv4/conf/proa52/route_localnet"), "1");
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(router_->remove_hostport(7, 8080)) << i;
  EXPECT_FALSE(is_open_on_host(element));
  ASSERT_TRUE(router_->add_hostport(7, 8080));
  const std::uint32_t index = 7;
  ASSERT_TRUE(router_->release(std::span(&index, 1)));
  EXPECT_FALSE(is_open_on_host(element));
}

TEST_F(RouterEnvironments, CuttingOffTwiceIsNoErrorAndWhatWasSentIsForgottenAtTheEnd) {
  const auto environment = made(*router_, 7);
  // TCP first, which is sent again where a link is not awake yet.
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    EXPECT_EQ(proa::test::talk(environment.netns.get(), proa::test::kServer4, type),
              "ECONNREFUSED");
  }
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(router_->cut_off(7)) << i;
  const std::uint32_t index = 7;
  const auto report = router_->release(std::span(&index, 1));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_GE(report.value().connections_forgotten, 1U);  // a refused TCP connection is none
}

TEST_F(RouterEnvironments, AfterItsEndNothingIsOnTheHostAndTheEnvironmentHasNoLink) {
  const auto environment = made(*router_, 7);
  ASSERT_TRUE(router_->add_hostport(7, 8080));
  for (int i = 0; i < 2; ++i) {
    const auto ended = router_->destroy();
    EXPECT_TRUE(ended) << ended.error().message();
  }
  EXPECT_EQ(world_->nft("list tables"), "");
  EXPECT_FALSE(has_device(world_->host(), "proa52"));
  EXPECT_FALSE(has_device(environment.netns.get(), "eth0"));
}

}  // namespace
}  // namespace proa::launcher::net
