// What carries frames; streams through it are in tests/integration/network_guest_test.cpp.
#include "launcher/net/guest_link.h"

#include "launcher/net/bpf/guest_devices.h"
#include "launcher/net/links.h"
#include "launcher/net/namespaces.h"
#include "unit/launcher/own_process.h"

#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>

namespace proa::launcher::net {
namespace {

// The thread stands in the namespace of the guest, whose eth0 leads to the other.
class GuestLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto visit = NamespaceVisit::enter_new();
    if (!visit) GTEST_SKIP() << "needs the right to make network namespaces";
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "no /dev/net/tun";
    visit_.emplace(std::move(visit).value());
    inside_ = std::move(NetlinkSocket::open(NETLINK_ROUTE).value());
    const auto here = std::move(current_namespace().value());
    {
      const auto far = NamespaceVisit::enter_new().value();
      for (const char* each : {"all", "default"}) {
        ASSERT_TRUE(write_setting(std::string("ipv6/conf/") + each + "/disable_ipv6", "1"));
      }
      auto outside = NetlinkSocket::open(NETLINK_ROUTE).value();
      VethSpec spec;
      spec.name = "far";
      spec.mac = {2, 0, 0, 0, 0, 1};
      spec.peer_name = "eth0";
      spec.peer_mac = {2, 0, 0, 0, 0, 2};
      spec.peer_index = proa_inside_device;
      spec.peer_namespace = here.get();
      ASSERT_TRUE(add_veth(outside, spec));
      wire_.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(kOwnType)));
      sockaddr_ll at{};
      at.sll_family = AF_PACKET;
      at.sll_protocol = htons(kOwnType);
      at.sll_ifindex = find_device(outside, "far").value().index;
      ASSERT_EQ(::bind(wire_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    }
    ASSERT_TRUE(bring_up(inside_, {proa_inside_device, "eth0"}));
  }

  struct Frame {
    ethhdr ethernet;
    std::array<char, 50> text;
  } __attribute__((packed));
  static Frame frame_of(char letter) {
    Frame frame{};
    frame.ethernet.h_proto = htons(kOwnType);
    frame.text.fill(letter);
    return frame;
  }
  static bool is_readable(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, 2000) == 1;
  }
  /// The text of the next frame of ours behind `header` bytes.
  static char letter_at(int fd, std::size_t header) {
    std::array<char, 2048> bytes{};
    while (is_readable(fd)) {
      const ssize_t count = ::read(fd, bytes.data(), bytes.size());
      Frame frame{};
      if (count != static_cast<ssize_t>(header + sizeof frame)) continue;
      std::memcpy(&frame, bytes.data() + header, sizeof frame);
      if (frame.ethernet.h_proto == htons(kOwnType)) return frame.text.back();
    }
    return '-';
  }

  static constexpr std::uint16_t kOwnType = 0x88b5;  // for experiments (IEEE 802)
  static constexpr std::size_t kHeader = 10;  // virtio_net_hdr; its header file is C only
  std::optional<NamespaceVisit> visit_;
  NetlinkSocket inside_;
  os::UniqueFd wire_;
};

TEST_F(GuestLinkTest, CarriesFramesOfAnyKindBothWays) {
  const auto link = GuestLink::load();
  if (!link && link.error().code() == Errc::denied) GTEST_SKIP() << "needs CAP_BPF";
  ASSERT_TRUE(link) << link.error().message();
  const auto queue = link.value().join();
  ASSERT_TRUE(queue) << queue.error().message();
  std::array<char, kHeader + sizeof(Frame)> out{};
  const Frame there = frame_of('t');
  std::memcpy(out.data() + kHeader, &there, sizeof there);
  ASSERT_EQ(::write(queue.value().get(), out.data(), out.size()), static_cast<ssize_t>(out.size()));
  EXPECT_EQ(letter_at(wire_.get(), 0), 't');
  const Frame back = frame_of('b');
  ASSERT_EQ(::send(wire_.get(), &back, sizeof back, 0), static_cast<ssize_t>(sizeof back));
  EXPECT_EQ(letter_at(queue.value().get(), kHeader), 'b');
}

TEST_F(GuestLinkTest, TheTapEndsWithItsDescriptorAndThereIsOneAtATime) {
  const auto link = GuestLink::load();
  if (!link && link.error().code() == Errc::denied) GTEST_SKIP() << "needs CAP_BPF";
  ASSERT_TRUE(link) << link.error().message();
  {
    const auto queue = link.value().join();
    ASSERT_TRUE(queue) << queue.error().message();
    EXPECT_EQ(find_device(inside_, "guest0").value().index, int{proa_tap_device});
    EXPECT_FALSE(link.value().join());
  }
  EXPECT_FALSE(find_device(inside_, "guest0"));
}

TEST_F(GuestLinkTest, AHostWithoutTapDevicesIsToldByTheNameOfTheDevice) {
  const std::string said = test::said_by_child([]() -> std::string {
    const bool is_hidden = ::unshare(CLONE_NEWNS) == 0 &&
                           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                           ::mount("none", "/dev/net", "tmpfs", 0, nullptr) == 0;
    if (!is_hidden) return "skip";
    const auto link = GuestLink::load();
    if (!link) return link.error().code() == Errc::denied ? "skip" : link.error().message();
    const auto queue = link.value().join();
    if (queue) return "joined";
    return queue.error().code() == Errc::unsupported ? queue.error().message() : "another error";
  });
  if (said == "skip") GTEST_SKIP() << "neither mounting nor loading is allowed here";
  EXPECT_TRUE(said.starts_with("guests need /dev/net/tun")) << said;
}

}  // namespace
}  // namespace proa::launcher::net
