#include "network/resolv_conf.h"

#include <gtest/gtest.h>

namespace proa::network {
namespace {

TEST(ResolvConf, TakesThreeServersInOrderAndSkipsWhatIsNone) {
  const auto servers = upstreams_of(
      "# nameserver 9.9.9.9\nnameserver 127.0.0.53\n\tnameserver\tfd00::1 \nnameserver example\n"
      "search a b\nnameserver 10.0.0.1\r\nnameserver 10.0.0.2");
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_EQ(servers[0].to_string(), "127.0.0.53");
  EXPECT_EQ(servers[1].to_string(), "fd00::1");
  EXPECT_EQ(servers[2].to_string(), "10.0.0.1");
}

TEST(ResolvConf, FallsBackToLoopbackAsTheResolverDoes) {
  for (const char* text : {"", "\n\n", "options edns0", "nameserver"}) {
    const auto servers = upstreams_of(text);
    ASSERT_EQ(servers.size(), 1U);
    EXPECT_EQ(servers[0].to_string(), "127.0.0.1");
  }
}

TEST(ResolvConf, EnvironmentsGetTheGatewayAndTheHostsSearchDomains) {
  EXPECT_EQ(environment_resolv_conf("nameserver 127.0.0.53\noptions edns0 trust-ad\n"
                                    "domain old.test\nsearch corp.test lab.test\n"),
            "nameserver 169.254.100.1\nsearch corp.test lab.test\noptions edns0\n");
  EXPECT_EQ(environment_resolv_conf("search .\n"), "nameserver 169.254.100.1\noptions edns0\n");
  EXPECT_EQ(environment_resolv_conf("search ok.test bad;name\n"),
            "nameserver 169.254.100.1\nsearch ok.test\noptions edns0\n");
}

}  // namespace
}  // namespace proa::network
