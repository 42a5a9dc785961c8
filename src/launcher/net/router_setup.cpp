// How a Router comes to be: checks of the host, the router namespace, the uplink between them.
#include "launcher/net/namespaces.h"
#include "launcher/net/router.h"
#include "launcher/net/router_names.h"
#include "launcher/net/rulesets.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace proa::launcher::net {
namespace {

constexpr unsigned kUplinkLength4 = 30;
constexpr unsigned kUplinkLength6 = 126;
constexpr std::size_t kInstanceIdMax = 24;
// Shorter routes are defaults in pieces (0.0.0.0/1 of a VPN), not somebody's network.
constexpr unsigned kShortestNetwork = 8;

bool is_name(const std::string& text, std::size_t most) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  return !text.empty() && text.size() <= most &&
         text.find_first_not_of(kAllowed) == std::string::npos;
}

Result<void> check_instance_id(const std::string& id) {
  if (is_name(id, kInstanceIdMax)) return ok();
  return Error(Errc::invalid, "'" + id + "' cannot name an instance");
}

Result<void> check_collision(NetlinkSocket& socket, const Prefix& range) {
  TRY(auto routes, list_routes(socket, range.address.family()));
  for (const RouteEntry& route : routes) {
    if (route.destination.length < kShortestNetwork || !route.destination.overlaps(range)) continue;
    return Error(Errc::conflict, "the outside range " + range.text() +
                                     " touches the host's route " + route.destination.text() +
                                     ": choose another range");
  }
  return ok();
}

bool is_default_route(const RouteEntry& route) {
  return route.destination.length == 0 && route.type == RTN_UNICAST;
}

// The host's own addresses, each once; its loopback network is a range and not among them.
std::vector<IpAddress> local_addresses(const std::vector<RouteEntry>& routes) {
  std::vector<IpAddress> addresses;
  for (const RouteEntry& route : routes) {
    const IpAddress& address = route.destination.address;
    const bool is_whole = route.destination.length == (address.is_v6() ? 128U : 32U);
    if (route.type == RTN_LOCAL && is_whole) addresses.push_back(address);
  }
  std::ranges::sort(addresses);
  // Not std::ranges::unique: clang 14 cannot compile its subrange with this libstdc++.
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

Error without_privilege(Error error) {
  if (error.os_errno() != EPERM && error.os_errno() != EACCES) return error;
  return {Errc::denied, error.message(), error.os_errno()};
}

Error nft_error(const Error& error) {
  if (error.code() != Errc::not_found) return error;
  // A rule whose expression this kernel does not have is reported as "No such file or directory".
  return {Errc::unsupported, error.message() + " (missing in this kernel?)", error.os_errno()};
}

// Looks first: closing a connection that deleted something waits 16 ms for the kernel to be done.
Result<void> delete_tables_if_there(Nft& nft, std::initializer_list<std::string> tables) {
  TRY(const auto listed, nft.run("list tables inet", "list tables"));
  std::string commands;
  for (const std::string& table : tables) {
    if (listed.find("table inet " + table + "\n") == std::string::npos) continue;
    commands += "delete table inet " + table + "\n";
  }
  if (commands.empty()) return ok();
  TRY(nft.run(commands, "delete tables of instance"));
  return ok();
}

}  // namespace

RouterOptions RouterOptions::for_instance(std::uint32_t number) {
  constexpr unsigned kFirst4 = 64;
  constexpr unsigned kFirst6 = 0x6100;
  constexpr unsigned kRanges = 64;
  constexpr std::string_view kDigits = "0123456789abcdef";
  const unsigned step = number % kRanges;
  const unsigned word = kFirst6 + step;
  std::string hex;
  for (const unsigned shift : {12U, 8U, 4U, 0U}) hex += kDigits[(word >> shift) & 15U];
  RouterOptions options;
  options.instance_id = std::to_string(number);
  options.device = "proa" + std::to_string(number);
  options.outside4 = "100." + std::to_string(kFirst4 + step) + ".0.0/16";
  options.outside6 = "fd70:726f:" + hex + "::/48";
  options.pasta_uid = net::pasta_uid(number);
  return options;
}

Result<std::unique_ptr<Router>> Router::create(const RouterOptions& options) {
  TRY(check_instance_id(options.instance_id));
  if (!is_name(options.device, IFNAMSIZ - 1)) {
    return Error(Errc::invalid, "'" + options.device + "' cannot name a device");
  }
  TRY(auto plan, AddressPlan::make(options.outside4, options.outside6));
  std::unique_ptr<Router> router(new Router(options, plan));
  router->table_ = table_name(options.instance_id);
  if (options.host_namespace >= 0) {
    router->host_.reset(::fcntl(options.host_namespace, F_DUPFD_CLOEXEC, 0));
    if (!router->host_) return os_error("keep the host's network namespace");
  } else {
    TRY(router->host_, current_namespace());
  }
  // The destructor takes back whatever these leave when one of them fails.
  auto made = router->prepare_host();
  if (made) made = router->decide_ipv6();
  if (made) made = router->prepare_router();
  if (made) made = router->link_up();
  if (!made) return without_privilege(made.error().with_context("network of environments"));
  return router;
}

Result<void> Router::clean_leftovers(int host_namespace, const std::string& instance_id) {
  TRY(check_instance_id(instance_id));
  std::optional<NamespaceVisit> visit;
  if (host_namespace >= 0) {
    TRY(auto entered, NamespaceVisit::enter(host_namespace));
    visit.emplace(std::move(entered));
  }
  TRY(auto socket, NetlinkSocket::open(NETLINK_ROUTE));
  TRY(auto devices, devices_with_alias(socket, owner_alias(instance_id)));
  for (const Device& device : devices) {
    TRY(delete_device(socket, device));
  }
  TRY(auto nft, Nft::open());
  const std::string table = table_name(instance_id);
  return delete_tables_if_there(nft, {table, table + "_probe"});
}

Result<void> Router::prepare_host() {
  TRY(clean_leftovers(host_.get(), options_.instance_id));
  TRY(auto visit, NamespaceVisit::enter(host_.get()));
  TRY(host_route_, NetlinkSocket::open(NETLINK_ROUTE));
  if (options_.uplink == UplinkKind::kernel) {
    TRY(conntrack_, NetlinkSocket::open(NETLINK_NETFILTER));
  }
  TRY(auto nft, Nft::open());
  host_nft_.emplace(std::move(nft));
  const auto taken = find_device(host_route_, options_.device);
  if (taken) {
    return Error(Errc::conflict, "the device " + options_.device + " exists and is not ours");
  }
  TRY(check_collision(host_route_, plan_.outside4()));
  return options_.uplink == UplinkKind::kernel ? allow_forwarding() : ok();
}

Result<void> Router::allow_forwarding() {
  TRY(auto forwarding, read_setting("ipv4/ip_forward"));
  if (forwarding == "1") return ok();
  if (!options_.may_enable_forwarding) {
    return Error(Errc::denied,
                 "the host does not forward packets (net.ipv4.ip_forward is 0) and Proa was not "
                 "allowed to change that");
  }
  return write_setting("ipv4/ip_forward", "1");
}

Result<void> Router::decide_ipv6() {
  TRY(auto visit, NamespaceVisit::enter(host_.get()));
  if (!options_.wants_ipv6) {
    no_ipv6_reason_ = options_.no_ipv6_reason;
    return ok();
  }
  const auto forwarding = read_setting("ipv6/conf/all/forwarding");
  if (!forwarding) {
    no_ipv6_reason_ = "the host has no IPv6";
    return ok();
  }
  TRY(auto routes, list_routes(host_route_, AF_INET6));
  const auto way_out = std::ranges::find_if(routes, is_default_route);
  if (way_out == routes.end()) {
    no_ipv6_reason_ = "the host has no IPv6 default route";
    return ok();
  }
  TRY(check_collision(host_route_, plan_.outside6()));
  if (options_.uplink == UplinkKind::kernel && forwarding.value() != "1") {
    if (!options_.may_enable_forwarding) {
      no_ipv6_reason_ = "the host does not forward IPv6 (net.ipv6.conf.all.forwarding is 0)";
      return ok();
    }
    if (way_out->protocol == RTPROT_RA) {
      // A kernel that forwards stops listening to the router that this very route came from.
      no_ipv6_reason_ =
          "forwarding IPv6 would cost the host its own default route, which it "
          "learnt by router advertisement";
      return ok();
    }
    TRY(write_setting("ipv6/conf/all/forwarding", "1"));
  }
  has_ipv6_ = true;
  return ok();
}

Result<void> Router::prepare_router() {
  TRY(auto program, RewriteProgram::load());
  program_.emplace(std::move(program));
  if (options_.uplink == UplinkKind::pasta) {
    TRY(auto made, make_owned_namespaces(options_.pasta_uid));
    router_user_ = std::move(made.user);
    router_ = std::move(made.network);
  } else {
    TRY(auto made, NamespaceVisit::enter_new());
    TRY(router_, current_namespace());
  }
  TRY(auto visit, NamespaceVisit::enter(router_.get()));
  TRY(router_route_, NetlinkSocket::open(NETLINK_ROUTE));
  if (options_.uplink == UplinkKind::pasta) {
    TRY(conntrack_, NetlinkSocket::open(NETLINK_NETFILTER));
  }
  TRY(write_router_settings());
  TRY(auto nft, Nft::open());
  router_nft_.emplace(std::move(nft));
  auto ruled = router_nft_->run(router_ruleset(table_, plan_), "rules of the router namespace");
  if (!ruled) return nft_error(ruled.error());
  return configure_gateway();
}

Result<void> Router::write_router_settings() {
  using Setting = std::pair<const char*, const char*>;
  // The program checks sources itself, so the kernel's own check (rp_filter) is off. Refusals are
  // not rate-limited: they go to the environment that asked for them, and code that hears none
  // hangs until its time-out. (Limited ones would also eat the host's budget of ICMP errors.)
  for (const auto& [name, value] :
       {Setting{"ipv4/ip_forward", "1"}, Setting{"ipv4/conf/all/send_redirects", "0"},
        Setting{"ipv4/conf/default/send_redirects", "0"},
        Setting{"ipv4/conf/all/accept_redirects", "0"},
        Setting{"ipv4/conf/default/accept_redirects", "0"}, Setting{"ipv4/conf/all/rp_filter", "0"},
        Setting{"ipv4/conf/default/rp_filter", "0"}, Setting{"ipv4/icmp_ratemask", "0"}}) {
    TRY(write_setting(name, value));
  }
  const auto has_v6_settings = read_setting("ipv6/conf/all/forwarding");
  if (has_v6_settings) {
    for (const auto& [name, value] :
         {Setting{"ipv6/conf/all/forwarding", "1"}, Setting{"ipv6/conf/default/addr_gen_mode", "1"},
          Setting{"ipv6/conf/default/accept_ra", "0"},
          Setting{"ipv6/conf/default/accept_redirects", "0"},
          Setting{"ipv6/icmp/ratelimit", "0"}}) {
      TRY(write_setting(name, value));
    }
  }
  return ok();
}

Result<void> Router::link_up() {
  if (options_.uplink == UplinkKind::pasta) return start_pasta();
  VethSpec spec;
  spec.name = kUplinkName;
  spec.index = kUplinkIndex;
  spec.mac = kUplinkRouterMac;
  spec.group = kGroupUplink;
  spec.peer_name = options_.device;
  spec.peer_mac = kUplinkHostMac;
  spec.peer_namespace = host_.get();
  TRY(add_veth(router_route_, spec));
  TRY(configure_host_end());
  return configure_router_end();
}

Result<void> Router::configure_host_end() {
  TRY(auto visit, NamespaceVisit::enter(host_.get()));
  TRY(uplink_, find_device(host_route_, options_.device));
  TRY(set_alias(host_route_, uplink_, owner_alias(options_.instance_id)));
  // Rules before the link is up: nothing passes unruled.
  auto ruled = host_nft_->run(host_ruleset(table_, options_.device, plan_), "rules of the host");
  if (!ruled) return nft_error(ruled.error());
  const auto has_v6_settings = read_setting("ipv6/conf/" + options_.device + "/accept_ra");
  if (has_v6_settings) {
    TRY(write_setting("ipv6/conf/" + options_.device + "/addr_gen_mode", "1"));
    TRY(write_setting("ipv6/conf/" + options_.device + "/accept_ra", "0"));
  }
  TRY(add_address(host_route_, uplink_, {plan_.host4(), kUplinkLength4}));
  TRY(bring_up(host_route_, uplink_));
  TRY(add_neighbour(host_route_, uplink_, plan_.router4(), kUplinkRouterMac));
  TRY(add_route(host_route_, uplink_, {plan_.outside4(), plan_.router4(), false}));
  if (!has_ipv6_) return ok();
  TRY(add_address(host_route_, uplink_, {plan_.host6(), kUplinkLength6}));
  TRY(add_neighbour(host_route_, uplink_, plan_.router6(), kUplinkRouterMac));
  return add_route(host_route_, uplink_, {plan_.outside6(), plan_.router6(), false});
}

Result<void> Router::start_pasta() {
  const auto program = find_pasta();
  if (!program) {
    return Error(Errc::not_found, "the program pasta is not installed (Debian's package passt)");
  }
  TRY(auto routes4, list_routes(host_route_, AF_INET));
  TRY(auto routes6, list_routes(host_route_, AF_INET6));
  routes4.insert(routes4.end(), routes6.begin(), routes6.end());
  {
    TRY(auto visit, NamespaceVisit::enter(router_.get()));
    auto ruled = router_nft_->run(pasta_router_ruleset(table_, local_addresses(routes4)),
                                  "rules of the uplink");
    if (!ruled) return nft_error(ruled.error());
  }
  {
    TRY(auto visit, NamespaceVisit::enter(host_.get()));
    auto ruled =
        host_nft_->run(pasta_host_ruleset(table_, options_.pasta_uid), "rules of the host");
    if (!ruled) return nft_error(ruled.error());
  }
  PastaOptions pasta;
  pasta.program = *program;
  pasta.uid = options_.pasta_uid;
  pasta.user_namespace = router_user_.get();
  pasta.router_namespace = router_.get();
  pasta.host_namespace = host_.get();
  pasta.device = kUplinkName;
  pasta.group = kGroupUplink;
  pasta.address4 = plan_.router4();
  pasta.gateway4 = plan_.host4();
  pasta.length4 = kUplinkLength4;
  if (has_ipv6_) {
    pasta.address6 = plan_.router6();
    pasta.gateway6 = plan_.host6();
  }
  TRY(pasta_, PastaUplink::start(pasta));
  return ok();
}

Result<void> Router::configure_gateway() {
  const Device loopback{1, "lo (router)"};
  TRY(bring_up(router_route_, loopback));
  TRY(auto gateway4, IpAddress::parse(kGateway4));
  TRY(add_address(router_route_, loopback, {gateway4, 32}));
  if (!has_ipv6_) return ok();
  TRY(auto gateway6, IpAddress::parse(kGateway6));
  return add_address(router_route_, loopback, {gateway6, 128});
}

Result<void> Router::configure_router_end() {
  const Device uplink{kUplinkIndex, kUplinkName};
  TRY(add_address(router_route_, uplink, {plan_.router4(), kUplinkLength4}));
  TRY(add_neighbour(router_route_, uplink, plan_.host4(), kUplinkHostMac));
  TRY(add_route(router_route_, uplink, {{IpAddress::v4(0), 0}, plan_.host4(), false}));
  if (!has_ipv6_) return ok();
  TRY(add_address(router_route_, uplink, {plan_.router6(), kUplinkLength6}));
  TRY(add_neighbour(router_route_, uplink, plan_.host6(), kUplinkHostMac));
  return add_route(router_route_, uplink, {{IpAddress::v6({}), 0}, plan_.host6(), false});
}

}  // namespace proa::launcher::net
