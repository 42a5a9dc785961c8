#include "launcher/net/guest_link.h"

#include "launcher/net/bpf/guest_devices.h"
#include "launcher/net/links.h"
#include "os/file.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <string>

// NOLINTBEGIN(readability-identifier-naming): the names of cmake/proa_bpf.cmake
extern const unsigned char proa_guest_link_object[];
extern const std::size_t proa_guest_link_object_size;
// NOLINTEND(readability-identifier-naming)

namespace proa::launcher::net {
namespace {

constexpr const char* kTunDevice = "/dev/net/tun";
constexpr std::string_view kTapName = "guest0";

// The namespace of a tap device is that in which its file was opened: one descriptor held from the
// start would not do.
Result<os::UniqueFd> make_tap() {
  auto tap = os::open_file(kTunDevice, O_RDWR);
  if (!tap) {
    return Error(Errc::unsupported,
                 std::string("guests need ") + kTunDevice + ": " + tap.error().message(),
                 tap.error().os_errno());
  }
  const int index = proa_tap_device;
  if (::ioctl(tap.value().get(), TUNSETIFINDEX, &index) != 0) {
    return os_error("number the tap device of a guest");
  }
  ifreq request{};
  std::ranges::copy(kTapName, request.ifr_name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (::ioctl(tap.value().get(), TUNSETIFF, &request) != 0) {
    return os_error("make the tap device of a guest");
  }
  return tap;
}

}  // namespace

Result<GuestLink> GuestLink::load() {
  TRY(auto programs,
      BpfPrograms::load({proa_guest_link_object, proa_guest_link_object_size}, "link of guests"));
  GuestLink loaded(std::move(programs));
  TRY(loaded.to_, loaded.programs_.program("to_guest"));
  TRY(loaded.from_, loaded.programs_.program("from_guest"));
  return loaded;
}

Result<os::UniqueFd> GuestLink::join() const {
  const Device inside{proa_inside_device, "eth0 (inside)"};
  const Device tap{proa_tap_device, std::string(kTapName)};
  TRY(auto socket, NetlinkSocket::open(NETLINK_ROUTE));
  TRY(auto queue, make_tap());
  TRY(add_clsact(socket, inside));
  TRY(add_program(socket, inside, TcDirection::ingress, to_, "proa_to_guest"));
  TRY(add_clsact(socket, tap));
  TRY(add_program(socket, tap, TcDirection::ingress, from_, "proa_from_guest"));
  TRY(bring_up(socket, tap));
  return queue;
}

}  // namespace proa::launcher::net
