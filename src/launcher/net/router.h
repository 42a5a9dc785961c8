// The network of environments: one router namespace with one link to the host and one link to each
// environment.
//
// Nouns: the *router* is a network namespace of ours; the *uplink* is the veth pair between it and
// the host's namespace; an environment's *outside* address is what the router and the host call it,
// while *inside* all environments have the same addresses (kInside4, kInside6), so that snapshots
// and clones fit anywhere. A pair of tc programs replaces one by the other (bpf/rewrite.bpf.c).
// Policy is the device group that the nft rules match (rulesets.h).
//
// Called by the launcher's pool role: single-threaded, privileged (CAP_NET_ADMIN, CAP_SYS_ADMIN,
// CAP_BPF, CAP_NET_BIND_SERVICE), synchronous. It steps into the namespaces and always back out.
// Calls: libnftables, libbpf, rtnetlink and ctnetlink. Measured reasons: docs/architecture.md.
#pragma once

#include "launcher/net/addresses.h"
#include "launcher/net/guest_link.h"
#include "launcher/net/netlink.h"
#include "launcher/net/nft.h"
#include "launcher/net/pasta_uplink.h"
#include "launcher/net/probe.h"
#include "launcher/net/rewrite.h"
#include "model/function.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

namespace proa::launcher::net {

/// How packets leave the router.
enum class UplinkKind {
  kernel,  ///< a veth pair to the host's namespace, which forwards and masquerades
  pasta,   ///< sockets of an unprivileged process (pasta_uplink.h)
};

struct RouterOptions {
  /// Letters, digits and '_', 24 at most: in the name of every table and as owner of the device.
  std::string instance_id;
  /// The host's end of the uplink; 15 characters at most.
  std::string device = "proa0";
  /// An IPv4 /16 and an IPv6 /48 that no route of the host touches.
  std::string outside4 = "100.64.0.0/16";
  std::string outside6 = "fd70:726f:6100::/48";
  /// May create() switch on forwarding in the host's namespace? It is the host's setting: without
  /// permission create() refuses when IPv4 forwarding is off, and leaves IPv6 out when IPv6's is.
  bool may_enable_forwarding = false;
  /// Give IPv6 to environments where the host has it.
  bool wants_ipv6 = true;
  std::string no_ipv6_reason = "switched off";  ///< what is said when it is not wanted
  UplinkKind uplink = UplinkKind::kernel;
  /// The user pasta runs as; nobody else's, because the host's rules know it by that.
  std::uint32_t pasta_uid = 0;
  /// The host's network namespace; -1 is the calling thread's. Borrowed during create() only.
  int host_namespace = -1;

  /// Ranges and names of instance `number` (0 to 63), different for each.
  static RouterOptions for_instance(std::uint32_t number);
};

/// What one environment got. The receiver owns the namespace: it vanishes with its last reference.
struct EnvironmentNet {
  EnvironmentNet() = default;
  os::UniqueFd netns;
  IpAddress outside4;
  std::optional<IpAddress> outside6;
};

/// Listening sockets at the gateway address, port 53, bound and not blocking.
struct GatewayDnsSockets {
  GatewayDnsSockets() = default;
  os::UniqueFd udp4;
  os::UniqueFd tcp4;
  os::UniqueFd udp6;  ///< none without IPv6, as tcp6
  os::UniqueFd tcp6;
};

/// What release() found.
struct ReleaseReport {
  /// Devices that still existed: somebody held a reference to their namespace until now.
  std::size_t swept = 0;
  std::size_t connections_forgotten = 0;
};

/// Owner of the router namespace and everything in it. Lives as long as the launcher's pool role.
class Router {
 public:
  /// Makes the router and its link to the host, after removing what a dead router of the same
  /// instance left. Errc: invalid (options), conflict (a route of the host touches the outside
  /// range, or the device name is taken), denied (forwarding is off and may not be changed;
  /// privileges), unsupported (no BPF or nftables in this kernel), not_found (pasta is not
  /// installed), unavailable (pasta does not work here), os. Nothing is left on failure.
  static Result<std::unique_ptr<Router>> create(const RouterOptions& options);
  /// Removes everything, as destroy(); errors are lost.
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// Removes what a dead router of this instance left in the host's namespace (-1: the calling
  /// thread's): its table and the devices that carry its name as owner. No error when there is
  /// nothing. Errc: invalid, denied, os.
  static Result<void> clean_leftovers(int host_namespace, const std::string& instance_id);

  /// Makes the network of environment `index` (below kEnvironmentsMax): about 1 ms. Errc: invalid,
  /// conflict (in use), exhausted, os.
  Result<EnvironmentNet> make(std::uint32_t index, model::NetworkPolicy policy);
  /// Puts a guest in the place of environment `index`, in whose namespace `netns` nothing runs yet:
  /// the namespace loses its addresses, and the guest behind the tap device, whose queue is the
  /// result, has to take them, with kInsideMac. Policies and release() are as before. Errc:
  /// not_found, unsupported (no /dev/net/tun), exhausted, os; release() is due all the same.
  Result<os::UniqueFd> give_to_guest(std::uint32_t index, int netns);
  /// Changes what it may reach: one netlink request. Open connections follow. Errc: not_found, os.
  Result<void> set_policy(std::uint32_t index, model::NetworkPolicy policy);
  /// Lets it reach one TCP port of the host's 127.0.0.1 by the address host4(), also under the
  /// policy `internet`. Adding twice is no error. Errc: not_found, invalid (port 0), unsupported
  /// (the uplink is pasta), os.
  Result<void> add_hostport(std::uint32_t index, std::uint16_t port);
  Result<void> remove_hostport(std::uint32_t index, std::uint16_t port);
  /// From now on no packet passes to or from it, whatever else happens. Errc: not_found, os.
  Result<void> cut_off(std::uint32_t index);
  /// Ends networks in one sweep: cuts them off, forgets their tracked connections, deletes the
  /// devices. The kernel takes 10 to 40 ms for the devices of one call, however many they are, and
  /// 18 ms to go through its connections, which is left out when none of them ever sent a packet:
  /// call it with batches, never on a call's path. Unknown
  /// numbers are skipped; on error (os) the numbers stay taken and release may be called again.
  Result<ReleaseReport> release(std::span<const std::uint32_t> indices);
  /// Begins to end the uplink, which takes a while: before destroy(), while other things are ended.
  void end_uplink();
  /// Ends everything: environments, router, uplink, tables. Errc: os, the first of the failures.
  Result<void> destroy();

  /// Sockets for the DNS forwarder in the daemon. Errc: os.
  Result<GatewayDnsSockets> make_gateway_dns_sockets();
  /// An unconnected, non-blocking socket in the host's namespace. Errc: exhausted, os.
  Result<os::UniqueFd> make_host_udp_socket(int family);
  Result<os::UniqueFd> make_host_tcp_socket(int family);
  /// Sends packets of each family through the host and says whether foreign rules drop them. Uses
  /// environment number kEnvironmentsMax - 1 meanwhile. Takes 0.5 s at most a family. Errc:
  /// conflict, os.
  Result<ProbeReport> probe();

  UplinkKind uplink() const { return options_.uplink; }
  /// Readable when the uplink's state changed; -1 where there is nothing to watch.
  int uplink_news_fd() const { return pasta_ ? pasta_->news_fd() : -1; }
  /// Reads that news; the failure, if there was one.
  std::optional<std::string> take_uplink_news();
  /// Empty while packets can leave, else why not.
  std::string uplink_problem() const { return pasta_ ? pasta_->problem() : std::string(); }
  bool has_ipv6() const { return has_ipv6_; }
  /// Why environments have no IPv6; empty when they have.
  const std::string& no_ipv6_reason() const { return no_ipv6_reason_; }
  const AddressPlan& plan() const { return plan_; }
  std::size_t environments() const { return environments_.size(); }

 private:
  struct Environment {
    model::NetworkPolicy policy = model::NetworkPolicy::none;
    std::set<std::uint16_t> hostports;
    bool is_cut_off = false;
    bool was_silent = false;  ///< it sent no packet before it was cut off
  };

  Router(RouterOptions options, AddressPlan plan) : options_(std::move(options)), plan_(plan) {}

  // router_setup.cpp, in this order.
  Result<void> prepare_host();
  Result<void> allow_forwarding();
  Result<void> decide_ipv6();
  Result<void> prepare_router();
  Result<void> write_router_settings();
  Result<void> link_up();
  Result<void> start_pasta();
  Result<void> configure_gateway();
  Result<void> configure_host_end();
  Result<void> configure_router_end();
  // router.cpp
  Result<void> build_link(std::uint32_t index, model::NetworkPolicy policy, int netns);
  Result<void> configure_inside(NetlinkSocket& inside);
  Result<void> connect_outside(std::uint32_t index);
  Result<void> cut_off(std::uint32_t index, Environment& environment);
  Result<void> change_hostport(std::uint32_t index, std::uint16_t port, bool is_added);
  Result<std::size_t> forget_connections_of(std::span<const std::uint32_t> indices);
  Result<Environment*> find(std::uint32_t index);
  std::optional<IpAddress> outside6_of(std::uint32_t index) const;

  RouterOptions options_;
  AddressPlan plan_;
  std::string table_;
  bool has_ipv6_ = false;
  std::string no_ipv6_reason_;
  os::UniqueFd host_;
  os::UniqueFd router_;
  os::UniqueFd router_user_;  ///< owner of the router's namespace, where pasta is the uplink
  std::unique_ptr<PastaUplink> pasta_;
  NetlinkSocket host_route_;
  NetlinkSocket conntrack_;  ///< of the namespace that masquerades
  NetlinkSocket router_route_;
  std::optional<Nft> host_nft_;
  std::optional<Nft> router_nft_;
  std::optional<RewriteProgram> program_;
  std::optional<GuestLink> guest_link_;  ///< from the first guest on
  Device uplink_;
  bool is_localnet_routed_ = false;
  bool is_destroyed_ = false;
  std::map<std::uint32_t, Environment> environments_;
};

}  // namespace proa::launcher::net
