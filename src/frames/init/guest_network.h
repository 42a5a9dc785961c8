// A guest's interfaces, set up as the router sets up a container's (launcher/net/router.cpp), by
// rtnetlink(7). Private to proa-init; freestanding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace proa::frames::init {

/// Switches the loopback interface on. False where the kernel has no network.
bool raise_loopback();
/// Gives eth0 its addresses, routes and the gateway's neighbour entry, and switches it on. Nothing
/// is to be done where there is none. IPv6 is set up if the network beyond has it (the host says)
/// and the kernel has it. Null, or what failed (errno says why).
const char* configure_network(bool has_ipv6);

/// An address of either family.
struct NetAddress {
  std::uint8_t family = 0;  ///< AF_INET or AF_INET6
  std::uint8_t size = 0;    ///< in bytes: 4 or 16
  std::array<std::uint8_t, 16> bytes{};
};
/// Reads one of the addresses of guest_devices.h.
NetAddress net_address(const char* text);

/// One request to the kernel: a header of 16 bytes, one of its type, and attributes.
class NetRequest {
 public:
  NetRequest(std::uint16_t type, std::uint16_t flags);
  NetRequest& fixed(std::span<const std::byte> header);
  NetRequest& attribute(std::uint16_t type, std::span<const std::byte> value);
  std::span<const std::byte> bytes() const { return std::span(bytes_).first(size_); }

 private:
  NetRequest& append(std::span<const std::byte> more);

  alignas(4) std::array<std::byte, 128> bytes_{};
  std::size_t size_ = 0;
};

/// The address for the interface `index`, alone in its network.
NetRequest address_request(int index, const NetAddress& address);
/// The gateway's hardware address, for good.
NetRequest neighbour_request(int index, const NetAddress& gateway);
/// IPv6 alone: the gateway is on the link. IPv4's default route says that by a flag.
NetRequest gateway_route_request(int index, const NetAddress& gateway);
NetRequest default_route_request(int index, const NetAddress& gateway);

}  // namespace proa::frames::init
