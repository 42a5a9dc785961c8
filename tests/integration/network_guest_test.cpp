// A guest in an environment's place, with real namespaces: one plays the machine behind the tap
// device, whose frames a thread carries as QEMU does.
#include "launcher/net/router.h"
#include "launcher/net/router_names.h"
#include "support/network_world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>

#include <fstream>
#include <vector>

namespace proa::launcher::net {
namespace {

using model::NetworkPolicy;
using test::NetworkWorld;
using test::Servers;
using test::socket_in;
using test::talk;

const std::string kMasqueraded4 = std::string("you are ") + test::kHostPublic4;
const std::string kMasqueraded6 = std::string("you are ") + test::kHostPublic6;

/// What the card of the guest takes and gives: whole TCP streams in pieces of up to 64 KiB, without
/// checksums, as virtio-net does; or nothing of the kind.
enum class Offload { none, all };

/// A namespace with a network card as proa-init sets it up, behind the queue of a tap device.
class GuestMachine {
 public:
  GuestMachine(os::UniqueFd queue, Offload offload)
      : queue_(std::move(queue)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    const auto visit = NamespaceVisit::enter_new().value();
    space_ = std::move(current_namespace().value());
    card_.reset(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    ifreq request{};
    std::strcpy(request.ifr_name, "eth0");
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    EXPECT_EQ(::ioctl(card_.get(), TUNSETIFF, &request), 0) << errno;
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    std::memcpy(request.ifr_hwaddr.sa_data, kInsideMac.data(), kInsideMac.size());
    EXPECT_EQ(::ioctl(card_.get(), SIOCSIFHWADDR, &request), 0) << errno;
    const unsigned taken = offload == Offload::none ? 0U : TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    for (const int fd : {card_.get(), queue_.get()}) {
      EXPECT_EQ(::ioctl(fd, TUNSETOFFLOAD, taken), 0) << errno;
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    set_up();
    thread_ = std::thread([this] { carry(); });
  }
  GuestMachine(const GuestMachine&) = delete;
  GuestMachine& operator=(const GuestMachine&) = delete;
  ~GuestMachine() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stop_.get(), &one, sizeof one));
    thread_.join();
  }
  int space() const { return space_.get(); }
  /// The longest frame that was carried.
  std::size_t longest() const { return longest_; }

 private:
  void set_up() const {
    auto socket = NetworkWorld::socket_of(space_.get());
    const Device eth0 = find_device(socket, "eth0").value();
    bring_up(socket, {1, "lo"}).value();
    bring_up(socket, eth0).value();
    for (const auto& [own, gateway] :
         {std::pair{kInside4, kGateway4}, std::pair{kInside6, kGateway6}}) {
      const auto address = IpAddress::parse(own).value();
      const auto router = IpAddress::parse(gateway).value();
      const unsigned whole = address.is_v6() ? 128 : 32;
      const Prefix any{address.is_v6() ? IpAddress::v6({}) : IpAddress::v4(0), 0};
      add_address(socket, eth0, {address, whole}).value();
      add_neighbour(socket, eth0, router, kRouterMac).value();
      add_route(socket, eth0, {{router, whole}, std::nullopt, false}).value();
      add_route(socket, eth0, {any, router, !address.is_v6()}).value();
    }
  }

  void carry() {
    std::array<pollfd, 3> polled{
        {{card_.get(), POLLIN, 0}, {queue_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    while (::poll(polled.data(), polled.size(), -1) > 0 && polled[2].revents == 0) {
      if (polled[0].revents != 0) carry(card_.get(), queue_.get());
      if (polled[1].revents != 0) carry(queue_.get(), card_.get());
    }
  }
  void carry(int from, int to) {
    std::vector<char> frame(70'000);
    for (;;) {
      const ssize_t count = ::read(from, frame.data(), frame.size());
      if (count <= 0) return;
      longest_ = std::max(longest_.load(), static_cast<std::size_t>(count));
      static_cast<void>(!::write(to, frame.data(), static_cast<std::size_t>(count)));
    }
  }

  os::UniqueFd queue_;
  os::UniqueFd stop_;
  os::UniqueFd space_;
  os::UniqueFd card_;
  std::atomic<std::size_t> longest_ = 0;
  std::thread thread_;
};

class NetworkGuest : public ::testing::TestWithParam<Offload> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || !NamespaceVisit::enter_new()) {
      GTEST_SKIP() << "needs the right to make network namespaces";
    }
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "no /dev/net/tun";
    world_.emplace();
    servers_.emplace();
    for (const char* address : {test::kServer4, test::kServer6, test::kLanServer4}) {
      servers_->listen(world_->internet(), address);
    }
    servers_->start();
    RouterOptions options = RouterOptions::for_instance(0);
    options.host_namespace = world_->host();
    auto made = Router::create(options);
    ASSERT_TRUE(made) << made.error().message();
    router_ = std::move(made.value());
    environment_ = std::move(router_->make(kIndex, NetworkPolicy::none).value());
    auto queue = router_->give_to_guest(kIndex, environment_.netns.get());
    ASSERT_TRUE(queue) << queue.error().message();
    guest_.emplace(std::move(queue.value()), GetParam());
    ASSERT_TRUE(router_->set_policy(kIndex, NetworkPolicy::internet));
  }

  /// A TCP connection from the guest to a listener in the internet, both blocking.
  std::pair<os::UniqueFd, os::UniqueFd> connection(const char* server) const {
    test::SocketAddress at = test::address_of(server, 9000);
    const int family = at.storage.ss_family;
    const auto listener = socket_in(world_->internet(), family, SOCK_STREAM);
    EXPECT_EQ(::bind(listener.get(), at.get(), at.size), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    auto inside = socket_in(guest_->space(), family, SOCK_STREAM);
    make_patient(listener);
    make_patient(inside);
    EXPECT_EQ(::connect(inside.get(), at.get(), at.size), 0) << errno;
    os::UniqueFd outside(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    make_patient(outside);
    return {std::move(inside), std::move(outside)};
  }
  /// Blocking, but not for ever.
  static void make_patient(const os::UniqueFd& socket) {
    ::fcntl(socket.get(), F_SETFL, 0);
    const timeval patience{10, 0};
    for (const int way : {SO_SNDTIMEO, SO_RCVTIMEO}) {
      ::setsockopt(socket.get(), SOL_SOCKET, way, &patience, sizeof patience);
    }
  }
  /// Whether 2 MB arrive as they were sent.
  static bool arrives(int from, int to) {
    std::vector<std::uint32_t> sent(500'000);
    std::uint32_t number = 0;
    for (std::uint32_t& word : sent) word = number++ * 2654435761U;
    const std::size_t size = sent.size() * sizeof sent[0];
    std::vector<std::uint32_t> got(sent.size());
    std::thread sender([&] {
      const auto* bytes = reinterpret_cast<const char*>(sent.data());
      for (std::size_t done = 0; done < size;) {
        const ssize_t count = ::send(from, bytes + done, size - done, MSG_NOSIGNAL);
        if (count <= 0) return;
        done += static_cast<std::size_t>(count);
      }
    });
    const ssize_t count = ::recv(to, got.data(), size, MSG_WAITALL);
    sender.join();
    return count == static_cast<ssize_t>(size) && got == sent;
  }

  static constexpr std::uint32_t kIndex = 5;
  std::optional<NetworkWorld> world_;
  std::optional<Servers> servers_;
  std::unique_ptr<Router> router_;
  EnvironmentNet environment_;
  std::optional<GuestMachine> guest_;
};

INSTANTIATE_TEST_SUITE_P(Offload, NetworkGuest, ::testing::Values(Offload::none, Offload::all),
                         [](const auto& offload) {
                           return offload.param == Offload::none ? "none" : "all";
                         });

TEST_P(NetworkGuest, ReachesTheInternetByTheAddressOfItsEnvironment) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    EXPECT_EQ(talk(guest_->space(), test::kServer4, type), kMasqueraded4);
    EXPECT_EQ(talk(guest_->space(), test::kServer6, type), kMasqueraded6);
    EXPECT_EQ(talk(guest_->space(), test::kServer4, type, 9), "ECONNREFUSED") << "ICMP errors";
    EXPECT_EQ(talk(guest_->space(), test::kServer6, type, 9), "ECONNREFUSED");
  }
}

TEST_P(NetworkGuest, LongStreamsArriveWholeInBothDirections) {
  for (const char* server : {test::kServer4, test::kServer6}) {
    const auto [inside, outside] = connection(server);
    ASSERT_TRUE(outside);
    EXPECT_TRUE(arrives(inside.get(), outside.get())) << server;
    EXPECT_TRUE(arrives(outside.get(), inside.get())) << server;
  }
  if (GetParam() == Offload::all) {
    EXPECT_GT(guest_->longest(), 20'000U) << "nothing was left to the devices";
  } else {
    EXPECT_LT(guest_->longest(), 1600U);
  }
}

TEST_P(NetworkGuest, PoliciesHoldAndWhatIsCutOffStaysSilent) {
  EXPECT_EQ(talk(guest_->space(), test::kLanServer4), "ECONNREFUSED");
  ASSERT_TRUE(router_->set_policy(kIndex, NetworkPolicy::lan));
  EXPECT_EQ(talk(guest_->space(), test::kLanServer4), kMasqueraded4);
  ASSERT_TRUE(router_->set_policy(kIndex, NetworkPolicy::none));
  EXPECT_EQ(talk(guest_->space(), test::kServer4), "ECONNREFUSED");
  ASSERT_TRUE(router_->set_policy(kIndex, NetworkPolicy::internet));
  ASSERT_TRUE(router_->cut_off(kIndex));
  EXPECT_EQ(talk(guest_->space(), test::kServer4, SOCK_STREAM, test::kPort, 150), "timeout");
}

/// How many packets of both families the stack of the namespace has been given.
std::string received_by_stack(int netns) {
  const auto visit = NamespaceVisit::enter(netns).value();
  std::string counts;
  std::ifstream snmp4("/proc/thread-self/net/snmp");
  for (std::string line; std::getline(snmp4, line);) {
    if (line.starts_with("Ip: ")) counts = line;  // the second such line has the numbers
  }
  std::ifstream snmp6("/proc/thread-self/net/snmp6");
  for (std::string line; std::getline(snmp6, line);) {
    if (line.starts_with("Ip6InReceives")) counts += line;
  }
  return counts;
}

TEST_P(NetworkGuest, TheNamespaceAroundItNeitherSpeaksNorHears) {
  const int around = environment_.netns.get();
  EXPECT_EQ(talk(around, test::kServer4), "ENETUNREACH");
  EXPECT_NE(talk(around, test::kServer6, SOCK_STREAM, test::kPort, 150), kMasqueraded6);
  const std::string before = received_by_stack(around);
  EXPECT_NE(before.find("Ip: "), std::string::npos);
  EXPECT_NE(before.find("Ip6InReceives"), std::string::npos);
  EXPECT_EQ(talk(guest_->space(), test::kServer4), kMasqueraded4);
  EXPECT_EQ(talk(guest_->space(), test::kServer6), kMasqueraded6);
  EXPECT_EQ(received_by_stack(around), before);
}

TEST_P(NetworkGuest, NothingIsLeftWhenItEnds) {
  EXPECT_EQ(talk(guest_->space(), test::kServer4), kMasqueraded4);
  auto around = NetworkWorld::socket_of(environment_.netns.get());
  EXPECT_TRUE(find_device(around, "guest0"));
  guest_.reset();
  EXPECT_FALSE(find_device(around, "guest0"));
  const std::uint32_t index = kIndex;
  const auto report = router_->release(std::span(&index, 1));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(find_device(around, "eth0"));
}

}  // namespace
}  // namespace proa::launcher::net
