// DnsService: the DNS forwarder of this daemon, on a thread of its own.
#pragma once

#include "launcher/launcher.h"
#include "network/dns_forwarder.h"
#include "network/environment_policies.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <thread>

namespace proa::network {

/// Made by main in the host's network namespace, so that upstreams are the host's own. Its thread
/// runs from construction to destruction: names of one function never cost another's call. Members
/// are called by main's thread, never by its own.
class DnsService {
 public:
  /// `resolv_conf` names the upstream servers; it is looked at before each question, as the
  /// resolver library does, and read again when it changed. `policies` outlives this object.
  DnsService(std::filesystem::path resolv_conf, const EnvironmentPolicies& policies,
             DnsOptions options = {});
  ~DnsService();
  DnsService(const DnsService&) = delete;
  DnsService& operator=(const DnsService&) = delete;

  /// Serves `gateway` from now on, instead of an earlier one. Blocks while questions in flight are
  /// dropped. Errc: invalid, os (bad sockets).
  Result<void> serve(launcher::DnsGateway gateway);
  /// Stops serving and closes the sockets. Blocks.
  void stop();

 private:
  boost::asio::awaitable<void> close_forwarder();
  std::optional<model::NetworkPolicy> policy_of(const boost::asio::ip::address& outside) const;
  void read_upstreams();

  const std::filesystem::path resolv_conf_;
  const EnvironmentPolicies& policies_;
  DnsOptions options_;
  RandomSource random_;
  launcher::OutsideRange outside_;
  struct stat seen_ {};  ///< the resolv.conf that was read last
  boost::asio::io_context io_{1};
  std::unique_ptr<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::unique_ptr<DnsForwarder> forwarder_;
  std::thread thread_;
};

}  // namespace proa::network
