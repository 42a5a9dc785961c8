// Devices, addresses, routes, neighbours and tc filters: the rtnetlink requests that the network
// of environments is made of.
//
// Each function is one request through the socket of the namespace it concerns and waits for the
// answer; the error names operation and device. Errc of all: not_found, exhausted, os.
#pragma once

#include "launcher/net/addresses.h"
#include "launcher/net/netlink.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace proa::launcher::net {

using MacAddress = std::array<std::uint8_t, 6>;

/// A device by number, with its name for error messages.
struct Device {
  int index = 0;
  std::string name;
};

/// A veth pair: the near end in the socket's namespace, the far end in another.
struct VethSpec {
  std::string name;
  MacAddress mac{};
  int index = 0;            ///< wanted device number; 0 lets the kernel choose
  std::uint32_t group = 0;  ///< device group: the policy that nft rules match
  std::string peer_name;
  MacAddress peer_mac{};
  int peer_index = 0;
  int peer_namespace = -1;
};

/// Makes the pair; the near end is up at once. The far end must be brought up later: the kernel
/// refuses IFF_UP on an end that has no partner yet.
Result<void> add_veth(NetlinkSocket& socket, const VethSpec& spec);
/// The device called `name`. Errc not_found when there is none.
Result<Device> find_device(NetlinkSocket& socket, const std::string& name);
/// Devices whose alias (IFLA_IFALIAS) is `alias`.
Result<std::vector<Device>> devices_with_alias(NetlinkSocket& socket, const std::string& alias);
Result<void> set_alias(NetlinkSocket& socket, const Device& device, const std::string& alias);
Result<void> bring_up(NetlinkSocket& socket, const Device& device);
Result<void> set_group(NetlinkSocket& socket, const Device& device, std::uint32_t group);
/// How many packets came in by `device` since it was made.
Result<std::uint64_t> packets_received(NetlinkSocket& socket, const Device& device);
Result<void> delete_device(NetlinkSocket& socket, const Device& device);
/// Deletes every device of a group in one request; an empty group is no error. 200 devices take
/// 60 ms this way, and 7 s one by one.
Result<void> delete_group(NetlinkSocket& socket, std::uint32_t group);

/// Adds an address without duplicate address detection.
Result<void> add_address(NetlinkSocket& socket, const Device& device, const Prefix& address);
/// Takes one away, and with the last of its family the routes that go out of the device.
Result<void> delete_address(NetlinkSocket& socket, const Device& device, const Prefix& address);

/// A route out of a device; without a gateway the destination is on the link itself.
struct RouteSpec {
  Prefix destination;  ///< length 0 is the default route
  std::optional<IpAddress> gateway;
  bool is_onlink = false;  ///< the gateway is reachable although no address says so (IPv4)
};
Result<void> add_route(NetlinkSocket& socket, const Device& device, const RouteSpec& spec);
/// A neighbour that never expires and is never asked for.
Result<void> add_neighbour(NetlinkSocket& socket, const Device& device, const IpAddress& address,
                           const MacAddress& mac);

/// A route that exists, as a dump shows it.
struct RouteEntry {
  Prefix destination;
  int device_index = 0;       ///< 0 when it has none (blackhole) or several
  std::uint8_t protocol = 0;  ///< RTPROT_*: who made it
  std::uint8_t type = 0;      ///< RTN_*
};
/// All routes of a family (AF_INET, AF_INET6) in all tables, cloned ones left out.
Result<std::vector<RouteEntry>> list_routes(NetlinkSocket& socket, int family);

/// Which way a tc program looks at packets.
enum class TcDirection { ingress, egress };
/// The qdisc that programs of both directions hang on.
Result<void> add_clsact(NetlinkSocket& socket, const Device& device);
/// Attaches a loaded program in direct-action mode.
Result<void> add_program(NetlinkSocket& socket, const Device& device, TcDirection direction,
                         int program, const std::string& name);

}  // namespace proa::launcher::net
