#include "launcher/pool_network.h"

#include "launcher/net/uplink_choice.h"
#include "launcher/supervisor.h"
#include "os/file.h"

#include <boost/json.hpp>
#include <fcntl.h>
#include <linux/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace proa::launcher {
namespace {

Result<void> bring_loopback_up() {
  os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return os_error("socket");
  ifreq request{};
  std::copy_n("lo", 3, request.ifr_name);
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return os_error("bring lo up");
  return ok();
}

// A namespace with loopback only: where Proa has no network to give.
Result<os::UniqueFd> loopback_namespace() {
  TRY(auto home, os::open_file("/proc/thread-self/ns/net", O_RDONLY));
  if (::unshare(CLONE_NEWNET) != 0) return os_error("unshare network namespace");
  auto made = bring_loopback_up();
  auto opened = os::open_file("/proc/thread-self/ns/net", O_RDONLY);
  if (::setns(home.get(), CLONE_NEWNET) != 0)
    return os_error("return to the host's network namespace");
  if (!made) return made.error();
  return opened;
}

}  // namespace

std::vector<int> GatewayAnswer::fds() const {
  std::vector<int> out{sockets.udp4.get(), sockets.tcp4.get()};
  if (message.has_ipv6 != 0) {
    out.push_back(sockets.udp6.get());
    out.push_back(sockets.tcp6.get());
  }
  return out;
}

void PoolNetwork::open(net::RouterOptions options, UplinkMode mode) {
  auto cleaned = net::Router::clean_leftovers(options.host_namespace, options.instance_id);
  if (!cleaned) {
    reason_ = cleaned.error().message();
    return;
  }
  if (mode == UplinkMode::none) {
    reason_ = "switched off by --uplink none";
    return;
  }
  auto chosen = net::choose_uplink(std::move(options), mode);
  router_ = std::move(chosen.router);
  reason_ = std::move(chosen.reason);
  advice_ = std::move(chosen.advice);
}

Result<os::UniqueFd> PoolNetwork::make(std::uint32_t index) {
  if (!router_) return loopback_namespace();
  const std::array<std::uint32_t, 1> indices{index};
  TRY(router_->release(indices));  // a failed preparation may have left it
  TRY(auto made, router_->make(index, model::NetworkPolicy::none));
  return std::move(made.netns);
}

Result<os::UniqueFd> PoolNetwork::give_to_guest(std::uint32_t index, int netns) {
  if (!router_) return os::UniqueFd();
  return router_->give_to_guest(index, netns);
}

Result<void> PoolNetwork::set_policy(std::uint32_t index, Network network) {
  if (!router_) return ok();
  return router_->set_policy(index, static_cast<model::NetworkPolicy>(network));
}

void PoolNetwork::cut_off(std::uint32_t index) {
  if (router_) (void)router_->cut_off(index);
}

std::vector<std::uint32_t> PoolNetwork::release(std::span<const std::uint32_t> indices) {
  std::vector<std::uint32_t> kept;
  if (!router_ || router_->release(indices)) return kept;
  // One may have spoilt it for all.
  for (const std::uint32_t& index : indices) {
    if (auto released = router_->release(std::span(&index, 1)); !released) {
      report("pool", released.error());
      kept.push_back(index);
    }
  }
  return kept;
}

void PoolNetwork::begin_close() {
  if (router_) router_->end_uplink();
}

Result<void> PoolNetwork::close() {
  if (!router_) return ok();
  auto destroyed = router_->destroy();
  router_.reset();
  return destroyed;
}

Result<GatewayAnswer> PoolNetwork::open_gateway_dns() {
  if (!router_) return Error(Errc::unavailable, reason_);
  GatewayAnswer answer;
  TRY(answer.sockets, router_->make_gateway_dns_sockets());
  answer.message.outside4 = router_->plan().outside4().address.v4_value();
  answer.message.has_ipv6 = router_->has_ipv6() ? 1 : 0;
  const auto prefix6 = router_->plan().outside6().address.bytes().first(6);
  std::memcpy(answer.message.outside6.data(), prefix6.data(), prefix6.size());
  return answer;
}

boost::json::object PoolNetwork::status() const {
  boost::json::object network;
  const bool is_pasta = router_ && router_->uplink() == net::UplinkKind::pasta;
  network["uplink"] = !router_ ? "none" : is_pasta ? "pasta" : "kernel";
  if (!reason_.empty()) network["reason"] = reason_;
  if (!advice_.empty()) {
    constexpr std::size_t kMost = 3;  // the status has to fit a message
    boost::json::array advice;
    for (const std::string& line : advice_) {
      if (advice.size() < kMost) advice.emplace_back(line);
    }
    network["firewall"] = std::move(advice);
  }
  if (!router_) return network;
  if (!router_->uplink_problem().empty()) network["problem"] = router_->uplink_problem();
  network["ipv6"] = router_->has_ipv6();
  if (!router_->has_ipv6()) network["no_ipv6_reason"] = router_->no_ipv6_reason();
  return network;
}

std::optional<std::string> PoolNetwork::take_news() {
  return router_ ? router_->take_uplink_news() : std::nullopt;
}

}  // namespace proa::launcher
