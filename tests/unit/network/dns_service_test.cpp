#include "network/dns_service.h"

#include "support/dns_server.h"

#include <gtest/gtest.h>

#include <fstream>

namespace proa::network {
namespace {

using launcher::Network;
using test::DnsServer;
using test::query_for;

// Questions come from 127.0.0.1, which is no environment's address: who is one, and is answered,
// is shown with real namespaces in tests/compat/test_network.py.
class ServedDns : public ::testing::Test {
 protected:
  ServedDns() : resolver_("127.0.0.1", 0) {
    write_resolv_conf("nameserver 127.0.0.1\n");
    DnsOptions options;
    options.upstream_port = resolver_.port();
    options.upstream_timeout = std::chrono::milliseconds(300);
    options.rounds = 1;
    service_.emplace(resolv_conf_, policies_, options);
  }
  ~ServedDns() override { std::filesystem::remove(resolv_conf_); }

  void write_resolv_conf(const std::string& text) const {
    // Replaced as resolvconf and NetworkManager do it: a new file under the same name.
    const std::string fresh = resolv_conf_.string() + ".new";
    std::ofstream(fresh) << text;
    std::filesystem::rename(fresh, resolv_conf_);
  }

  launcher::DnsGateway gateway() {
    launcher::DnsGateway made;
    made.udp4.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(made.udp4.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    socklen_t size = sizeof at;
    ::getsockname(made.udp4.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    launcher::GatewayDns range;
    range.outside4 = 0x64400000;
    range.outside6 = {0xfd, 0x70, 0x72, 0x6f, 0x61, 0x00, 0, 0};
    made.outside = launcher::OutsideRange::of(range).value();
    return made;
  }

  int code(const std::string& name) const {
    const auto head = parse_dns(test::ask("127.0.0.1", port_, query_for(name, 5), false));
    return head ? head.value().code : -1;
  }

  std::filesystem::path resolv_conf_ =
      std::filesystem::temp_directory_path() / ("proa-resolv-" + std::to_string(::getpid()));
  DnsServer resolver_;
  EnvironmentPolicies policies_;
  std::optional<DnsService> service_;
  std::uint16_t port_ = 0;
};

TEST_F(ServedDns, AnAddressOfNoEnvironmentIsRefused) {
  policies_.set({0, 1}, Network::internet);
  ASSERT_TRUE(service_->serve(gateway()));
  EXPECT_EQ(code("small.test"), static_cast<int>(DnsCode::refused));
  EXPECT_EQ(resolver_.queries(), 0U);
}

TEST_F(ServedDns, NewSocketsTakeThePlaceOfTheOldOnes) {
  ASSERT_TRUE(service_->serve(gateway()));
  const std::uint16_t first = port_;
  ASSERT_TRUE(service_->serve(gateway()));
  EXPECT_NE(port_, first);
  EXPECT_EQ(code("small.test"), static_cast<int>(DnsCode::refused));
  const auto reply = test::ask("127.0.0.1", first, query_for("small.test", 5), false, 300);
  EXPECT_TRUE(reply.empty()) << "the first gateway still answers";
}

TEST_F(ServedDns, SocketsThatAreNoneAreAnErrorAndStopMayBeCalledTwice) {
  EXPECT_FALSE(service_->serve({}));
  service_->stop();
  service_->stop();
}

}  // namespace
}  // namespace proa::network
