#include "launcher/net/rulesets.h"

#include <string_view>
#include <utility>
#include <vector>

namespace proa::launcher::net {
namespace {

using Names = std::vector<std::pair<std::string_view, std::string>>;

// `text` with each @NAME@ replaced.
std::string fill(std::string text, const Names& names) {
  for (const auto& [name, value] : names) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
      text.replace(at, name.size(), value);
      at += value.size();
    }
  }
  return text;
}

// `reject` and not `drop`: code fails within a millisecond instead of at its time-out. ::/8 also
// shuts NAT64 (64:ff9b::/96), which can spell any IPv4 address.
constexpr const char* kRouterRules = R"(
table inet @TABLE@ {
  set never4 { type ipv4_addr; flags interval; auto-merge; elements = { 0.0.0.0/8, @OUTSIDE4@,
    127.0.0.0/8, 169.254.0.0/16, 192.0.0.0/24, 224.0.0.0/3 } ; }
  set never6 { type ipv6_addr; flags interval; auto-merge; elements = { ::/8, @OUTSIDE6@,
    fd70:726f:61ff::/48, fe80::/10, fec0::/10, ff00::/8, fd00:ec2::254, fd20:ce::254 } ; }
  set private4 { type ipv4_addr; flags interval; auto-merge; elements = { 10.0.0.0/8,
    100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15 } ; }
  set private6 { type ipv6_addr; flags interval; auto-merge; elements = { fc00::/7, 2001::/32,
    2002::/16 } ; }
  set hostport { type ifname . inet_service; }
  chain refuse {
    counter
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain lan {
    ip daddr @HOST4@ meta iifname . tcp dport @hostport accept
    ip daddr @never4 goto refuse
    ip6 daddr @never6 goto refuse
    accept
  }
  chain internet {
    ip daddr @HOST4@ meta iifname . tcp dport @hostport accept
    ip daddr @never4 goto refuse
    ip6 daddr @never6 goto refuse
    ip daddr @private4 goto refuse
    ip6 daddr @private6 goto refuse
    accept
  }
  chain forward { type filter hook forward priority filter; policy drop;
    meta iifgroup 1 meta oifgroup { 10, 11, 12 } accept
    meta oifgroup != 1 goto refuse
    meta iifgroup vmap { 10 : goto internet, 11 : goto lan, 12 : goto refuse }
  }
  chain input { type filter hook input priority filter; policy drop;
    iifname "lo" accept
    meta iifgroup { 10, 11, 12 } ip daddr @GATEWAY4@ meta l4proto { tcp, udp } th dport 53 accept
    meta iifgroup { 10, 11, 12 } ip6 daddr @GATEWAY6@ meta l4proto { tcp, udp } th dport 53 accept
    meta iifgroup { 10, 11, 12 } ip daddr @GATEWAY4@ icmp type echo-request accept
    meta iifgroup { 10, 11, 12 } ip6 daddr @GATEWAY6@ icmpv6 type echo-request accept
    meta iifgroup { 10, 11, 12 } tcp flags & (syn | ack) == ack accept
    meta iifgroup { 10, 11, 12 } tcp flags & (syn | ack) == (syn | ack) accept
    meta iifgroup { 10, 11, 12 } tcp flags & rst == rst accept
    meta iifgroup { 10, 11, 12 } goto refuse
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    # icmp and ipv6-icmp, whose names are in /etc/protocols, which not every host has
    meta l4proto { 1, 58 } accept
  }
}
)";

// A drop here is final, an accept is not: other tables of the host still have their say.
constexpr const char* kHostRules = R"(
table inet @TABLE@ {
  set hostport { type ipv4_addr . inet_service; }
  chain pre { type nat hook prerouting priority dstnat;
    iifname "@DEVICE@" ip daddr @HOST4@ ip saddr . tcp dport @hostport dnat ip to 127.0.0.1
  }
  chain input { type filter hook input priority filter;
    iifname "@DEVICE@" ct state invalid drop
    iifname "@DEVICE@" ct state established,related accept
    iifname "@DEVICE@" ct status dnat accept
    iifname "@DEVICE@" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    iifname "@DEVICE@" meta l4proto tcp reject with tcp reset
    iifname "@DEVICE@" reject with icmpx admin-prohibited
  }
  chain forward { type filter hook forward priority filter;
    iifname "@DEVICE@" ct state invalid drop
    iifname "@DEVICE@" counter accept
    oifname "@DEVICE@" ct state established,related counter accept
    oifname "@DEVICE@" drop
  }
  chain output { type filter hook output priority filter;
    oifname "@DEVICE@" ct state new drop
  }
  chain post { type nat hook postrouting priority srcnat;
    ip saddr @OUTSIDE4@ oifname != "@DEVICE@" masquerade
    ip6 saddr @OUTSIDE6@ oifname != "@DEVICE@" masquerade
  }
  chain leak { type filter hook postrouting priority srcnat + 10; policy accept;
    oifname != "@DEVICE@" ip saddr @OUTSIDE4@ counter drop
    oifname != "@DEVICE@" ip6 saddr @OUTSIDE6@ counter drop
  }
}
)";

// pasta speaks for one address only, so conntrack and its translation are in the router here.
constexpr const char* kPastaRouterRules = R"(
table inet @TABLE@_up {
  set host4 { type ipv4_addr; @HOST4S@ }
  set host6 { type ipv6_addr; @HOST6S@ }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain forward { type filter hook forward priority filter - 5;
    meta iifgroup 1 ct state != { established, related } drop
    ip daddr @host4 goto refuse
    ip6 daddr @host6 goto refuse
  }
  chain post { type nat hook postrouting priority srcnat;
    meta oifgroup 1 masquerade
  }
}
)";

// Whatever addresses the host has, today or tomorrow, and its loopback: not for pasta's sockets.
constexpr const char* kPastaHostRules = R"(
table inet @TABLE@ {
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain output { type filter hook output priority filter;
    meta skuid @UID@ fib daddr type { local, broadcast, anycast, multicast } goto refuse
  }
}
)";

// "elements = { ... } ;" of one family; nothing for none, which nft wants so.
std::string elements_of(const std::vector<IpAddress>& addresses, bool is_v6) {
  std::string text;
  for (const IpAddress& address : addresses) {
    if (address.is_v6() == is_v6) text += (text.empty() ? "" : ", ") + address.text();
  }
  return text.empty() ? text : "elements = { " + text + " } ;";
}

Names names_of(const std::string& table, const AddressPlan& plan) {
  return {{"@TABLE@", table},
          {"@OUTSIDE4@", plan.outside4().text()},
          {"@OUTSIDE6@", plan.outside6().text()},
          {"@HOST4@", plan.host4().text()},
          {"@GATEWAY4@", kGateway4},
          {"@GATEWAY6@", kGateway6}};
}

}  // namespace

std::uint32_t group_of(model::NetworkPolicy policy) {
  switch (policy) {
    case model::NetworkPolicy::internet:
      return kGroupInternet;
    case model::NetworkPolicy::lan:
      return kGroupLan;
    case model::NetworkPolicy::none:
      return kGroupNone;
  }
  return kGroupNone;
}

std::string table_name(const std::string& instance_id) { return "proa_" + instance_id; }

std::string router_ruleset(const std::string& table, const AddressPlan& plan) {
  return fill(kRouterRules, names_of(table, plan));
}

std::string host_ruleset(const std::string& table, const std::string& device,
                         const AddressPlan& plan) {
  Names names = names_of(table, plan);
  names.emplace_back("@DEVICE@", device);
  return fill(kHostRules, names);
}

std::string pasta_router_ruleset(const std::string& table,
                                 const std::vector<IpAddress>& host_addresses) {
  return fill(kPastaRouterRules, {{"@TABLE@", table},
                                  {"@HOST4S@", elements_of(host_addresses, false)},
                                  {"@HOST6S@", elements_of(host_addresses, true)}});
}

std::string pasta_host_ruleset(const std::string& table, std::uint32_t uid) {
  return fill(kPastaHostRules, {{"@TABLE@", table}, {"@UID@", std::to_string(uid)}});
}

}  // namespace proa::launcher::net
