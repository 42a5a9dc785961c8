#include "launcher/net/links.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <cerrno>

namespace proa::launcher::net {
namespace {

constexpr std::uint16_t kCreate = NLM_F_CREATE | NLM_F_EXCL;

template <class Header>
Header family_header(int family) {
  Header header{};
  // The first byte of every rtnetlink header is the address family.
  const auto value = static_cast<unsigned char>(family);
  std::memcpy(&header, &value, 1);
  return header;
}

ifinfomsg link_header(int index, unsigned flags = 0) {
  ifinfomsg header{};
  header.ifi_index = index;
  header.ifi_flags = flags;
  header.ifi_change = flags;
  return header;
}

std::string text_value(std::span<const std::byte> value) {
  std::string text(reinterpret_cast<const char*>(value.data()), value.size());
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

std::uint32_t u32_value(std::span<const std::byte> value) {
  std::uint32_t number = 0;
  if (value.size() >= sizeof number) std::memcpy(&number, value.data(), sizeof number);
  return number;
}

void add_queue_attributes(Message& message) {
  message.attribute_u32(IFLA_NUM_TX_QUEUES, 1).attribute_u32(IFLA_NUM_RX_QUEUES, 1);
}

void address_body(Message& message, const Device& device, const Prefix& address) {
  ifaddrmsg header{};
  header.ifa_family = static_cast<unsigned char>(address.address.family());
  header.ifa_prefixlen = static_cast<unsigned char>(address.length);
  header.ifa_index = static_cast<unsigned>(device.index);
  header.ifa_flags = IFA_F_NODAD;
  message.fixed(header)
      .attribute(IFA_LOCAL, address.address.bytes())
      .attribute(IFA_ADDRESS, address.address.bytes());
}

// One link of a dump.
struct LinkEntry {
  Device device;
  std::string alias;
};

Result<std::vector<LinkEntry>> list_links(NetlinkSocket& socket) {
  std::vector<LinkEntry> links;
  Message message(RTM_GETLINK, 0);
  message.fixed(link_header(0));
  TRY(socket.dump(std::move(message), "list devices",
                  [&](std::uint16_t type, std::span<const std::byte> payload) {
                    if (type != RTM_NEWLINK || payload.size() < sizeof(ifinfomsg)) return;
                    ifinfomsg header{};
                    std::memcpy(&header, payload.data(), sizeof header);
                    LinkEntry entry;
                    entry.device.index = header.ifi_index;
                    for_each_attribute(payload.subspan(sizeof header),
                                       [&](int attribute, std::span<const std::byte> value) {
                                         if (attribute == IFLA_IFNAME) {
                                           entry.device.name = text_value(value);
                                         }
                                         if (attribute == IFLA_IFALIAS) {
                                           entry.alias = text_value(value);
                                         }
                                       });
                    links.push_back(std::move(entry));
                  }));
  return links;
}

std::optional<RouteEntry> route_entry(std::span<const std::byte> payload) {
  if (payload.size() < sizeof(rtmsg)) return std::nullopt;
  rtmsg header{};
  std::memcpy(&header, payload.data(), sizeof header);
  if ((header.rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  RouteEntry entry;
  entry.protocol = header.rtm_protocol;
  entry.type = header.rtm_type;
  entry.destination.length = header.rtm_dst_len;
  entry.destination.address = header.rtm_family == AF_INET6 ? IpAddress::v6({}) : IpAddress::v4(0);
  for_each_attribute(payload.subspan(sizeof header),
                     [&](int attribute, std::span<const std::byte> value) {
                       if (attribute == RTA_OIF)
                         entry.device_index = static_cast<int>(u32_value(value));
                       if (attribute != RTA_DST) return;
                       if (auto address = IpAddress::from_bytes(value)) {
                         entry.destination.address = address.value();
                       }
                     });
  return entry;
}

}  // namespace

Result<void> add_veth(NetlinkSocket& socket, const VethSpec& spec) {
  Message message(RTM_NEWLINK, kCreate);
  message.fixed(link_header(spec.index, IFF_UP))
      .attribute_text(IFLA_IFNAME, spec.name)
      .attribute(IFLA_ADDRESS, bytes_of(spec.mac))
      .attribute_u32(IFLA_GROUP, spec.group);
  add_queue_attributes(message);
  const std::size_t info = message.begin_nest(IFLA_LINKINFO);
  message.attribute_text(IFLA_INFO_KIND, "veth");
  const std::size_t data = message.begin_nest(IFLA_INFO_DATA);
  const std::size_t peer = message.begin_nest(VETH_INFO_PEER);
  message.fixed(link_header(spec.peer_index))
      .attribute_text(IFLA_IFNAME, spec.peer_name)
      .attribute(IFLA_ADDRESS, bytes_of(spec.peer_mac))
      .attribute_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(spec.peer_namespace));
  add_queue_attributes(message);
  message.end_nest(peer).end_nest(data).end_nest(info);
  return socket.request(std::move(message),
                        "make the veth pair " + spec.name + " and " + spec.peer_name);
}

Result<Device> find_device(NetlinkSocket& socket, const std::string& name) {
  TRY(auto links, list_links(socket));
  for (LinkEntry& link : links) {
    if (link.device.name == name) return std::move(link.device);
  }
  return Error(Errc::not_found, "no device is called '" + name + "'", ENODEV);
}

Result<std::vector<Device>> devices_with_alias(NetlinkSocket& socket, const std::string& alias) {
  TRY(auto links, list_links(socket));
  std::vector<Device> devices;
  for (LinkEntry& link : links) {
    if (link.alias == alias) devices.push_back(std::move(link.device));
  }
  return devices;
}

Result<void> set_alias(NetlinkSocket& socket, const Device& device, const std::string& alias) {
  Message message(RTM_SETLINK, 0);
  message.fixed(link_header(device.index)).attribute(IFLA_IFALIAS, std::as_bytes(std::span(alias)));
  return socket.request(std::move(message), "name the owner of device " + device.name);
}

Result<void> bring_up(NetlinkSocket& socket, const Device& device) {
  Message message(RTM_SETLINK, 0);
  message.fixed(link_header(device.index, IFF_UP));
  return socket.request(std::move(message), "bring up device " + device.name);
}

Result<void> set_group(NetlinkSocket& socket, const Device& device, std::uint32_t group) {
  Message message(RTM_SETLINK, 0);
  message.fixed(link_header(device.index)).attribute_u32(IFLA_GROUP, group);
  return socket.request(std::move(message),
                        "put device " + device.name + " into group " + std::to_string(group));
}

Result<std::uint64_t> packets_received(NetlinkSocket& socket, const Device& device) {
  std::optional<std::uint64_t> packets;
  Message message(RTM_GETLINK, 0);
  message.fixed(link_header(device.index));
  const std::string what = "count the packets of device " + device.name;
  TRY(socket.ask(std::move(message), what,
                 [&](std::uint16_t type, std::span<const std::byte> payload) {
                   if (type != RTM_NEWLINK || payload.size() < sizeof(ifinfomsg)) return;
                   for_each_attribute(payload.subspan(sizeof(ifinfomsg)),
                                      [&](int attribute, std::span<const std::byte> value) {
                                        constexpr auto kSize = sizeof(std::uint64_t);
                                        if (attribute != IFLA_STATS64 || value.size() < kSize)
                                          return;
                                        static_assert(offsetof(rtnl_link_stats64, rx_packets) == 0);
                                        std::memcpy(&packets.emplace(), value.data(), kSize);
                                      });
                 }));
  if (packets) return *packets;
  return Error(Errc::unsupported, what + ": this kernel does not say");
}

Result<void> delete_device(NetlinkSocket& socket, const Device& device) {
  Message message(RTM_DELLINK, 0);
  message.fixed(link_header(device.index));
  return socket.request(std::move(message), "delete device " + device.name);
}

Result<void> delete_group(NetlinkSocket& socket, std::uint32_t group) {
  Message message(RTM_DELLINK, 0);
  message.fixed(link_header(0)).attribute_u32(IFLA_GROUP, group);
  auto done =
      socket.request(std::move(message), "delete the devices of group " + std::to_string(group));
  if (!done && done.error().os_errno() == ENODEV) return ok();
  return done;
}

Result<void> add_address(NetlinkSocket& socket, const Device& device, const Prefix& address) {
  Message message(RTM_NEWADDR, kCreate);
  address_body(message, device, address);
  return socket.request(std::move(message),
                        "add address " + address.text() + " to device " + device.name);
}

Result<void> delete_address(NetlinkSocket& socket, const Device& device, const Prefix& address) {
  Message message(RTM_DELADDR, 0);
  address_body(message, device, address);
  return socket.request(std::move(message),
                        "delete address " + address.text() + " of device " + device.name);
}

Result<void> add_route(NetlinkSocket& socket, const Device& device, const RouteSpec& spec) {
  rtmsg header{};
  header.rtm_family = static_cast<unsigned char>(spec.destination.address.family());
  header.rtm_dst_len = static_cast<unsigned char>(spec.destination.length);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope =
      spec.gateway || spec.destination.address.is_v6() ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  header.rtm_type = RTN_UNICAST;
  header.rtm_flags = spec.is_onlink ? RTNH_F_ONLINK : 0U;
  Message message(RTM_NEWROUTE, kCreate);
  message.fixed(header).attribute_u32(RTA_OIF, static_cast<std::uint32_t>(device.index));
  if (spec.destination.length > 0) message.attribute(RTA_DST, spec.destination.address.bytes());
  if (spec.gateway) message.attribute(RTA_GATEWAY, spec.gateway->bytes());
  return socket.request(std::move(message),
                        "add route " + spec.destination.text() + " to device " + device.name);
}

Result<void> add_neighbour(NetlinkSocket& socket, const Device& device, const IpAddress& address,
                           const MacAddress& mac) {
  ndmsg header{};
  header.ndm_family = static_cast<unsigned char>(address.family());
  header.ndm_ifindex = device.index;
  header.ndm_state = NUD_PERMANENT;
  Message message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  message.fixed(header).attribute(NDA_DST, address.bytes()).attribute(NDA_LLADDR, bytes_of(mac));
  return socket.request(std::move(message),
                        "add neighbour " + address.text() + " to device " + device.name);
}

Result<std::vector<RouteEntry>> list_routes(NetlinkSocket& socket, int family) {
  std::vector<RouteEntry> routes;
  Message message(RTM_GETROUTE, 0);
  message.fixed(family_header<rtmsg>(family));
  TRY(socket.dump(std::move(message), "list routes",
                  [&](std::uint16_t type, std::span<const std::byte> payload) {
                    if (type != RTM_NEWROUTE) return;
                    if (auto entry = route_entry(payload)) routes.push_back(*entry);
                  }));
  return routes;
}

Result<void> add_clsact(NetlinkSocket& socket, const Device& device) {
  tcmsg header{};
  header.tcm_ifindex = device.index;
  header.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  header.tcm_parent = TC_H_CLSACT;
  Message message(RTM_NEWQDISC, kCreate);
  message.fixed(header).attribute_text(TCA_KIND, "clsact");
  return socket.request(std::move(message), "add clsact to device " + device.name);
}

Result<void> add_program(NetlinkSocket& socket, const Device& device, TcDirection direction,
                         int program, const std::string& name) {
  const bool is_ingress = direction == TcDirection::ingress;
  constexpr std::uint32_t kPriority = 1;
  tcmsg header{};
  header.tcm_ifindex = device.index;
  header.tcm_handle = 1;
  header.tcm_parent = TC_H_MAKE(
      TC_H_CLSACT, is_ingress ? std::uint32_t{TC_H_MIN_INGRESS} : std::uint32_t{TC_H_MIN_EGRESS});
  header.tcm_info = TC_H_MAKE(kPriority << 16U, std::uint32_t{htons(ETH_P_ALL)});
  Message message(RTM_NEWTFILTER, kCreate);
  message.fixed(header).attribute_text(TCA_KIND, "bpf");
  const std::size_t options = message.begin_nest(TCA_OPTIONS);
  message.attribute_u32(TCA_BPF_FD, static_cast<std::uint32_t>(program))
      .attribute_text(TCA_BPF_NAME, name)
      .attribute_u32(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT)
      .end_nest(options);
  return socket.request(std::move(message), "attach program " + name + " to device " + device.name);
}

}  // namespace proa::launcher::net
