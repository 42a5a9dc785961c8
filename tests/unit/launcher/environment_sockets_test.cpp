#include "launcher/environment_sockets.h"

#include "launcher/net/links.h"
#include "launcher/net/namespaces.h"
#include "os/file.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace proa::launcher {
namespace {

Result<os::UniqueFd> namespace_with_loopback() {
  TRY(auto visit, net::NamespaceVisit::enter_new());
  os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return os_error("lo up");
  return os::open_file("/proc/thread-self/ns/net", O_RDONLY);
}

bool connects(std::uint16_t port) {
  os::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

TEST(EnvironmentSockets, ListenInsideAndNowhereElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "making a network namespace needs root";
  auto space = namespace_with_loopback();
  ASSERT_TRUE(space) << space.error().message();
  auto sockets = make_environment_sockets(space.value().get());
  ASSERT_TRUE(sockets) << sockets.error().message();
  {
    auto visit = net::NamespaceVisit::enter(space.value().get());
    ASSERT_TRUE(visit);
    EXPECT_TRUE(connects(kRuntimeApiPort));
    EXPECT_TRUE(connects(kLambdaApiPort));
  }
  // Served from out here: both connections wait to be accepted.
  for (const int listener : {sockets.value().runtime_api.get(), sockets.value().lambda_api.get()}) {
    os::UniqueFd accepted(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(accepted);
  }
  // A second environment has the same ports to itself.
  auto other = namespace_with_loopback();
  ASSERT_TRUE(other);
  EXPECT_TRUE(make_environment_sockets(other.value().get()));
}

TEST(EnvironmentSockets, SayWhichPortIsTaken) {
  if (::geteuid() != 0) GTEST_SKIP() << "making a network namespace needs root";
  auto space = namespace_with_loopback();
  ASSERT_TRUE(space);
  auto first = make_environment_sockets(space.value().get());
  auto second = make_environment_sockets(space.value().get());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message().find("127.0.0.1:9001"), std::string::npos);
}

}  // namespace
}  // namespace proa::launcher
