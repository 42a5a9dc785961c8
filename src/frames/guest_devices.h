// What the host gives a guest, by name: disks, and the network's addresses.
//
// The launcher puts these on QEMU's command line, and proa-init looks for them inside
// (init/guest_root.h, init/guest_network.h). A guest that verifies a kernel has none of the disks
// and stays in its initramfs; one that runs functions has the root and /tmp, the code unless a
// container image is its root, and the layers where there are any. Freestanding like frames.h.
#pragma once

#include <array>
#include <cstdint>

namespace proa::frames {

/// Serials of the block devices.
inline constexpr const char* kRootDisk = "root";   ///< erofs, read-only: /
inline constexpr const char* kCodeDisk = "code";   ///< erofs, read-only: /var/task; may be missing
inline constexpr const char* kLayersDisk = "opt";  ///< erofs, read-only: /opt; may be missing
inline constexpr const char* kTmpDisk = "tmp";     ///< ext4, empty: /tmp

/// The uid and gid of functions inside, in containers too: /tmp is theirs.
inline constexpr std::uint32_t kGuestUid = 993;
inline constexpr std::uint32_t kGuestGid = 990;

/// Word behind "-- guest" on the kernel's command line: the network beyond has IPv6.
inline constexpr const char* kGuestIpv6Word = "ipv6";
/// Likewise: the machine is a template. Of its devices it uses the root alone; the others belong to
/// whom it is copied for; `restore` and `mount` say when they are there.
inline constexpr const char* kGuestTemplateWord = "template";

/// The addresses of eth0 inside, of its gateway, which is the DNS server too, in every environment,
/// container or guest (launcher/net).
inline constexpr const char* kGuestAddress4 = "169.254.100.2";
inline constexpr const char* kGuestGateway4 = "169.254.100.1";
inline constexpr const char* kGuestAddress6 = "fd70:726f:61ff::2";
inline constexpr const char* kGuestGateway6 = "fd70:726f:61ff::1";
/// Hardware addresses of eth0, for the host to give, and of the gateway.
inline constexpr std::array<std::uint8_t, 6> kGuestMac{0x02, 0x70, 0x72, 0x6f, 0x61, 0x02};
inline constexpr std::array<std::uint8_t, 6> kGuestGatewayMac{0x02, 0x70, 0x72, 0x6f, 0x61, 0x01};

}  // namespace proa::frames
