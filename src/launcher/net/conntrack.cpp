#include "launcher/net/conntrack.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <cerrno>
#include <optional>
#include <vector>

namespace proa::launcher::net {
namespace {

constexpr std::uint16_t message_type(int operation) {
  return static_cast<std::uint16_t>((NFNL_SUBSYS_CTNETLINK << 8) | operation);
}

nfgenmsg family_header(int family) {
  nfgenmsg header{};
  header.nfgen_family = static_cast<std::uint8_t>(family);
  header.version = NFNETLINK_V0;
  return header;
}

// What identifies one connection when it is deleted, copied from the dump.
struct Connection {
  std::vector<std::byte> tuple;
  std::vector<std::byte> id;
  std::vector<std::byte> zone;
};

std::optional<IpAddress> source_of(std::span<const std::byte> tuple) {
  std::optional<IpAddress> source;
  for_each_attribute(tuple, [&](int type, std::span<const std::byte> value) {
    if (type != CTA_TUPLE_IP) return;
    for_each_attribute(value, [&](int ip_type, std::span<const std::byte> address) {
      if (ip_type != CTA_IP_V4_SRC && ip_type != CTA_IP_V6_SRC) return;
      if (auto parsed = IpAddress::from_bytes(address)) source = parsed.value();
    });
  });
  return source;
}

std::optional<Connection> connection_of(std::span<const std::byte> payload,
                                        const std::set<IpAddress>& sources) {
  if (payload.size() < sizeof(nfgenmsg)) return std::nullopt;
  Connection connection;
  bool is_wanted = false;
  for_each_attribute(payload.subspan(sizeof(nfgenmsg)),
                     [&](int type, std::span<const std::byte> value) {
                       if (type == CTA_ID) connection.id.assign(value.begin(), value.end());
                       if (type == CTA_ZONE) connection.zone.assign(value.begin(), value.end());
                       if (type != CTA_TUPLE_ORIG) return;
                       const auto source = source_of(value);
                       is_wanted = source && sources.contains(*source);
                       if (is_wanted) connection.tuple.assign(value.begin(), value.end());
                     });
  if (!is_wanted) return std::nullopt;
  return connection;
}

}  // namespace

Result<std::size_t> forget_connections(NetlinkSocket& socket, const std::set<IpAddress>& sources) {
  if (sources.empty()) return std::size_t{0};
  const int family = sources.begin()->family();
  std::vector<Connection> connections;
  Message list(message_type(IPCTNL_MSG_CT_GET), 0);
  list.fixed(family_header(family));
  TRY(socket.dump(std::move(list), "list tracked connections",
                  [&](std::uint16_t, std::span<const std::byte> payload) {
                    if (auto found = connection_of(payload, sources)) {
                      connections.push_back(std::move(*found));
                    }
                  }));
  std::size_t count = 0;
  for (const Connection& connection : connections) {
    Message remove(message_type(IPCTNL_MSG_CT_DELETE), 0);
    remove.fixed(family_header(family)).attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, connection.tuple);
    if (!connection.zone.empty()) remove.attribute(CTA_ZONE, connection.zone);
    if (!connection.id.empty()) remove.attribute(CTA_ID, connection.id);
    const auto removed = socket.request(std::move(remove), "delete a tracked connection");
    // It may have ended by itself meanwhile.
    if (!removed && removed.error().code() != Errc::not_found) return removed.error();
    if (removed) ++count;
  }
  return count;
}

}  // namespace proa::launcher::net
