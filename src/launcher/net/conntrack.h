// Forgetting connections: the entries of ended environments in the host's connection tracking.
#pragma once

#include "launcher/net/addresses.h"
#include "launcher/net/netlink.h"

#include <cstddef>
#include <set>

namespace proa::launcher::net {

/// Deletes every tracked connection that one of `sources` (all of one family) opened, so that the
/// address may be given to another environment. `socket` is a NETLINK_NETFILTER socket of the
/// namespace. Walks the table once, whatever the number of sources; works on kernels that cannot
/// filter deletions themselves (before 6.8). Returns how many went. Errc: os.
Result<std::size_t> forget_connections(NetlinkSocket& socket, const std::set<IpAddress>& sources);

}  // namespace proa::launcher::net
