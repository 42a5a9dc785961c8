// The networks of the pool role's slots: a router's where there is one, else loopback only.
#pragma once

#include "launcher/config.h"
#include "launcher/net/router.h"
#include "launcher/protocol.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace proa::launcher {

/// What answers the daemon's OpenGatewayDns: the message and its descriptors.
struct GatewayAnswer {
  GatewayDns message;
  net::GatewayDnsSockets sockets;

  std::vector<int> fds() const;
};

/// Owned by the pool role, on its thread.
class PoolNetwork {
 public:
  /// Removes what a dead holder of the instance number left, then chooses the way out. Environments
  /// without a network are better than no environments: a failure is kept for status().
  void open(net::RouterOptions options, UplinkMode mode);

  /// The network namespace of slot `index`; nothing is reachable until set_policy(). Errc: as
  /// net::Router::make.
  Result<os::UniqueFd> make(std::uint32_t index);
  /// Puts a guest in the place of slot `index`, whose namespace is `netns`: the queue of its tap
  /// device (net/guest_link.h), none where there is no router. Errc: as net::Router::give_to_guest.
  Result<os::UniqueFd> give_to_guest(std::uint32_t index, int netns);
  bool has_ipv6() const { return router_ && router_->has_ipv6(); }
  /// Errc: not_found, os.
  Result<void> set_policy(std::uint32_t index, Network network);
  /// From now on no packet passes, whatever else happens.
  void cut_off(std::uint32_t index);
  /// Ends networks in one sweep, which takes tens of milliseconds however many they are. The
  /// numbers of those that could not be ended, and so must not be used again.
  std::vector<std::uint32_t> release(std::span<const std::uint32_t> indices);
  /// Begins what close() would wait for, while slots are cleaned: nothing gets out from now on.
  void begin_close();
  /// Ends all of them and the router. Errc: os.
  Result<void> close();

  /// Errc: unavailable (no router), os.
  Result<GatewayAnswer> open_gateway_dns();
  /// The part `network` of the status.
  boost::json::object status() const;
  /// Readable when the uplink's state changed; -1 where there is nothing to watch.
  int news_fd() const { return router_ ? router_->uplink_news_fd() : -1; }
  /// Reads that news; the failure, if there was one.
  std::optional<std::string> take_news();

 private:
  std::unique_ptr<net::Router> router_;
  std::string reason_;               ///< why the uplink is not the kernel's; empty when it is
  std::vector<std::string> advice_;  ///< foreign rules in the way, with remedies
};

}  // namespace proa::launcher
