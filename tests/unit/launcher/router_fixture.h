// A router in a host and an internet of the test's own.
#pragma once

#include "launcher/net/router.h"
#include "launcher/net/router_names.h"
#include "support/network_world.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <optional>

namespace proa::launcher::test {

/// Everything that routers of instance 52 are made in; skipped without the right to namespaces.
class RouterTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kInstance = 52;

  void SetUp() override {
    if (::geteuid() != 0 || !net::NamespaceVisit::enter_new()) {
      GTEST_SKIP() << "needs the right to make network namespaces";
    }
    world_.emplace();
  }

  net::RouterOptions options() const {
    auto made = net::RouterOptions::for_instance(kInstance);
    made.host_namespace = world_->host();
    return made;
  }
  std::unique_ptr<net::Router> router() const {
    auto made = net::Router::create(options());
    EXPECT_TRUE(made) << made.error().message();
    return made ? std::move(made.value()) : nullptr;
  }
  static net::EnvironmentNet made(net::Router& router, std::uint32_t index) {
    auto environment = router.make(index, model::NetworkPolicy::internet);
    EXPECT_TRUE(environment) << environment.error().message();
    return environment ? std::move(environment.value()) : net::EnvironmentNet();
  }

  static std::string setting(int netns, const std::string& name) {
    const auto visit = net::NamespaceVisit::enter(netns).value();
    const auto value = net::read_setting(name);
    return value ? value.value() : value.error().message();
  }
  static void set(int netns, const std::string& name, const std::string& value) {
    const auto visit = net::NamespaceVisit::enter(netns).value();
    ASSERT_TRUE(net::write_setting(name, value));
  }
  static bool has_device(int netns, const std::string& name) {
    auto socket = proa::test::NetworkWorld::socket_of(netns);
    return net::find_device(socket, name).has_value();
  }
  bool host_has(const std::string& table_or_set, const std::string& text) const {
    return world_->nft(table_or_set).find(text) != std::string::npos;
  }
  /// The namespace that a socket belongs to.
  static os::UniqueFd namespace_of(const os::UniqueFd& socket) {
    return os::UniqueFd(::ioctl(socket.get(), SIOCGSKNS));
  }
  static os::UniqueFd namespace_of(net::Router& router) {
    const auto sockets = router.make_gateway_dns_sockets();
    EXPECT_TRUE(sockets) << sockets.error().message();
    return namespace_of(sockets.value().udp4);
  }
  static ino_t number_of(int descriptor) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
  }

  std::optional<proa::test::NetworkWorld> world_;
};

}  // namespace proa::launcher::test
