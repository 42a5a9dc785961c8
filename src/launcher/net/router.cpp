#include "launcher/net/router.h"

#include "launcher/net/bpf/guest_devices.h"
#include "launcher/net/conntrack.h"
#include "launcher/net/links.h"
#include "launcher/net/namespaces.h"
#include "launcher/net/router_names.h"
#include "launcher/net/rulesets.h"

#include <net/if.h>

#include <algorithm>
#include <vector>

namespace proa::launcher::net {
namespace {

constexpr int kInsideIndex = proa_inside_device;
constexpr int kLoopbackIndex = 1;

Prefix host_prefix(const IpAddress& address) { return {address, address.is_v6() ? 128U : 32U}; }

Prefix everything(bool is_v6) { return {is_v6 ? IpAddress::v6({}) : IpAddress::v4(0), 0}; }

Result<IpAddress> address(const char* text) { return IpAddress::parse(text); }

// No link-local address, no router solicitation: silence on the link until code speaks.
Result<void> quieten_new_namespace() {
  auto written = write_setting("ipv6/conf/default/addr_gen_mode", "1");
  if (!written && written.error().code() == Errc::not_found) return ok();  // a host without IPv6
  TRY(std::move(written));
  return write_setting("ipv6/conf/default/accept_ra", "0");
}

}  // namespace

Router::~Router() {
  const auto done = destroy();
  static_cast<void>(done.has_value());
}

Result<EnvironmentNet> Router::make(std::uint32_t index, model::NetworkPolicy policy) {
  if (index >= kEnvironmentsMax) {
    return Error(Errc::invalid, "environment number " + std::to_string(index) + " is too high");
  }
  if (environments_.contains(index)) {
    return Error(Errc::conflict, "environment number " + std::to_string(index) + " has a network");
  }
  EnvironmentNet made;
  NetlinkSocket inside;
  {
    TRY(auto visit, NamespaceVisit::enter_new());
    TRY(made.netns, current_namespace());
    TRY(quieten_new_namespace());
    TRY(inside, NetlinkSocket::open(NETLINK_ROUTE));
  }
  TRY(build_link(index, policy, made.netns.get()));
  // From here on the number is taken: whatever fails, release() removes the half that is there.
  environments_[index].policy = policy;
  auto finished = configure_inside(inside);
  if (finished) finished = connect_outside(index);
  if (!finished) {
    const auto undone = release(std::span(&index, 1));
    static_cast<void>(undone.has_value());
    return finished.error().with_context("network of environment " + std::to_string(index));
  }
  made.outside4 = plan_.environment4(index);
  made.outside6 = outside6_of(index);
  return made;
}

Result<void> Router::build_link(std::uint32_t index, model::NetworkPolicy policy, int netns) {
  VethSpec spec;
  const Device device = environment_device(index);
  spec.name = device.name;
  spec.index = device.index;
  spec.mac = kRouterMac;
  spec.group = group_of(policy);
  spec.peer_name = "eth0";
  spec.peer_mac = kInsideMac;
  spec.peer_index = kInsideIndex;
  spec.peer_namespace = netns;
  return add_veth(router_route_, spec);
}

Result<void> Router::configure_inside(NetlinkSocket& inside) {
  const Device loopback{kLoopbackIndex, "lo (inside)"};
  const Device eth0{kInsideIndex, "eth0 (inside)"};
  TRY(bring_up(inside, loopback));
  TRY(bring_up(inside, eth0));
  TRY(auto own4, address(kInside4));
  TRY(auto gateway4, address(kGateway4));
  TRY(add_address(inside, eth0, host_prefix(own4)));
  TRY(add_neighbour(inside, eth0, gateway4, kRouterMac));
  TRY(add_route(inside, eth0, {everything(false), gateway4, true}));
  if (!has_ipv6_) return ok();
  TRY(auto own6, address(kInside6));
  TRY(auto gateway6, address(kGateway6));
  TRY(add_address(inside, eth0, host_prefix(own6)));
  TRY(add_neighbour(inside, eth0, gateway6, kRouterMac));
  // IPv6 accepts a gateway only when a route says that it is on the link.
  TRY(add_route(inside, eth0, {host_prefix(gateway6), std::nullopt, false}));
  return add_route(inside, eth0, {everything(true), gateway6, false});
}

Result<void> Router::connect_outside(std::uint32_t index) {
  const Device device = environment_device(index);
  const IpAddress outside4 = plan_.environment4(index);
  const std::optional<IpAddress> outside6 = outside6_of(index);
  // The router knows environments by outside address only; the program rewrites behind its back.
  TRY(add_neighbour(router_route_, device, outside4, kInsideMac));
  TRY(add_route(router_route_, device, {host_prefix(outside4), std::nullopt, false}));
  if (outside6) {
    TRY(add_neighbour(router_route_, device, *outside6, kInsideMac));
    TRY(add_route(router_route_, device, {host_prefix(*outside6), std::nullopt, false}));
  }
  TRY(program_->set(device.index, outside4, outside6));
  return program_->attach(router_route_, device);
}

Result<os::UniqueFd> Router::give_to_guest(std::uint32_t index, int netns) {
  TRY(find(index));
  if (!guest_link_) {
    TRY(auto loaded, GuestLink::load());
    guest_link_.emplace(std::move(loaded));
  }
  TRY(auto visit, NamespaceVisit::enter(netns));
  TRY(auto inside, NetlinkSocket::open(NETLINK_ROUTE));
  // What QEMU itself sends by the addresses of its guest would look like the guest's.
  const Device eth0{kInsideIndex, "eth0 (inside)"};
  TRY(auto own4, address(kInside4));
  TRY(delete_address(inside, eth0, host_prefix(own4)));
  if (has_ipv6_) {
    TRY(auto own6, address(kInside6));
    TRY(delete_address(inside, eth0, host_prefix(own6)));
  }
  return guest_link_->join();
}

Result<void> Router::set_policy(std::uint32_t index, model::NetworkPolicy policy) {
  TRY(Environment * environment, find(index));
  if (environment->policy == policy) return ok();
  TRY(set_group(router_route_, environment_device(index), group_of(policy)));
  environment->policy = policy;
  return ok();
}

Result<void> Router::add_hostport(std::uint32_t index, std::uint16_t port) {
  TRY(Environment * environment, find(index));
  if (port == 0) return Error(Errc::invalid, "port 0 of the host cannot be reached");
  if (pasta_) return Error(Errc::unsupported, "ports of the host need the uplink 'kernel'");
  if (environment->hostports.contains(port)) return ok();
  if (!is_localnet_routed_) {
    // Lets the uplink alone carry packets to 127.0.0.1; the rules admit only listed ports.
    TRY(auto visit, NamespaceVisit::enter(host_.get()));
    TRY(write_setting("ipv4/conf/" + options_.device + "/route_localnet", "1"));
    is_localnet_routed_ = true;
  }
  TRY(change_hostport(index, port, true));
  environment->hostports.insert(port);
  return ok();
}

Result<void> Router::remove_hostport(std::uint32_t index, std::uint16_t port) {
  TRY(Environment * environment, find(index));
  if (!environment->hostports.contains(port)) return ok();
  TRY(change_hostport(index, port, false));
  environment->hostports.erase(port);
  return ok();
}

Result<void> Router::change_hostport(std::uint32_t index, std::uint16_t port, bool is_added) {
  // "add" and "destroy"-like "delete" differ: deleting what is not there is an error, so the caller
  // keeps the list of what is.
  const std::string verb = is_added ? "add element inet " : "delete element inet ";
  const std::string what = std::string(is_added ? "open" : "close") + " port " +
                           std::to_string(port) + " of the host for environment " +
                           std::to_string(index);
  const std::string number = std::to_string(port);
  {
    TRY(auto visit, NamespaceVisit::enter(router_.get()));
    TRY(router_nft_->run(
        verb + table_ + " hostport { " + environment_device(index).name + " . " + number + " }",
        what));
  }
  TRY(auto visit, NamespaceVisit::enter(host_.get()));
  TRY(host_nft_->run(
      verb + table_ + " hostport { " + plan_.environment4(index).text() + " . " + number + " }",
      what));
  return ok();
}

Result<void> Router::cut_off(std::uint32_t index) {
  TRY(Environment * environment, find(index));
  return cut_off(index, *environment);
}

// Whoever sent nothing has no connection that would have to be looked for in the kernel's table.
Result<void> Router::cut_off(std::uint32_t index, Environment& environment) {
  if (environment.is_cut_off) return ok();
  const Device device = environment_device(index);
  TRY(program_->forget(device.index));
  environment.is_cut_off = true;
  const auto packets = packets_received(router_route_, device);
  environment.was_silent = packets && packets.value() == 0;
  return ok();
}

Result<ReleaseReport> Router::release(std::span<const std::uint32_t> indices) {
  std::vector<std::uint32_t> known;
  std::ranges::copy_if(indices, std::back_inserter(known),
                       [&](std::uint32_t index) { return environments_.contains(index); });
  ReleaseReport report;
  for (const std::uint32_t index : known) {
    const std::set<std::uint16_t> ports = environments_[index].hostports;
    for (const std::uint16_t port : ports) {
      TRY(remove_hostport(index, port));
    }
    TRY(cut_off(index, environments_[index]));
  }
  for (const std::uint32_t index : known) {
    const auto moved = set_group(router_route_, environment_device(index), kGroupSwept);
    if (moved) ++report.swept;
    // Gone already: the last reference to its namespace was dropped before.
    if (!moved && moved.error().os_errno() != ENODEV) return moved.error();
  }
  TRY(delete_group(router_route_, kGroupSwept));
  TRY(report.connections_forgotten, forget_connections_of(known));
  for (const std::uint32_t index : known) environments_.erase(index);
  return report;
}

Result<std::size_t> Router::forget_connections_of(std::span<const std::uint32_t> indices) {
  std::set<IpAddress> sources4;
  std::set<IpAddress> sources6;
  for (const std::uint32_t index : indices) {
    if (environments_[index].was_silent) continue;
    sources4.insert(plan_.environment4(index));
    if (has_ipv6_) sources6.insert(plan_.environment6(index));
  }
  TRY(const std::size_t count4, forget_connections(conntrack_, sources4));
  TRY(const std::size_t count6, forget_connections(conntrack_, sources6));
  return count4 + count6;
}

void Router::end_uplink() {
  if (pasta_) pasta_->end();
}

Result<void> Router::destroy() {
  if (is_destroyed_) return ok();
  is_destroyed_ = true;
  pasta_.reset();
  Result<void> first = ok();
  const auto note = [&first](Result<void> step) {
    if (!step && first) first = std::move(step);
  };
  if (router_) {
    std::vector<std::uint32_t> indices;
    for (auto& [index, environment] : environments_) {
      note(cut_off(index, environment));
      (void)set_group(router_route_, environment_device(index), kGroupSwept);  // gone already?
      indices.push_back(index);
    }
    // All in one sweep; deleting one end of the uplink deletes both.
    const bool is_kernel = options_.uplink == UplinkKind::kernel;
    if (is_kernel) (void)set_group(router_route_, {kUplinkIndex, kUplinkName}, kGroupSwept);
    for (const std::uint32_t group :
         {kGroupSwept, kGroupInternet, kGroupLan, kGroupNone, kGroupUplink}) {
      note(delete_group(router_route_, group));
    }
    // pasta's connections end with the router's namespace.
    if (is_kernel) {
      auto forgotten = forget_connections_of(indices);
      if (!forgotten) note(forgotten.error());
    }
    environments_.clear();
  }
  if (host_) note(clean_leftovers(host_.get(), options_.instance_id));
  router_nft_.reset();
  program_.reset();
  guest_link_.reset();
  router_route_ = NetlinkSocket();
  router_.reset();
  return first;
}

std::optional<std::string> Router::take_uplink_news() {
  return pasta_ ? pasta_->take_news() : std::nullopt;
}

Result<Router::Environment*> Router::find(std::uint32_t index) {
  const auto found = environments_.find(index);
  if (found == environments_.end()) {
    return Error(Errc::not_found, "environment " + std::to_string(index) + " has no network");
  }
  return &found->second;
}

std::optional<IpAddress> Router::outside6_of(std::uint32_t index) const {
  if (!has_ipv6_) return std::nullopt;
  return plan_.environment6(index);
}

}  // namespace proa::launcher::net
