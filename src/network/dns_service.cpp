#include "network/dns_service.h"

#include "os/file.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <pthread.h>

namespace proa::network {
namespace asio = boost::asio;
namespace {

bool is_same_file(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino && one.st_size == other.st_size &&
         one.st_mtim.tv_sec == other.st_mtim.tv_sec && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

}  // namespace

DnsService::DnsService(std::filesystem::path resolv_conf, const EnvironmentPolicies& policies,
                       DnsOptions options)
    : resolv_conf_(std::move(resolv_conf)),
      policies_(policies),
      options_(std::move(options)),
      work_(std::make_unique<asio::executor_work_guard<asio::io_context::executor_type>>(
          io_.get_executor())) {
  options_.before_question = [this] { read_upstreams(); };
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "proa-dns");
    io_.run();
  });
}

DnsService::~DnsService() {
  stop();
  work_.reset();
  thread_.join();
}

Result<void> DnsService::serve(launcher::DnsGateway gateway) {
  stop();
  // Nothing of ours runs on the other thread now: what it will read is set before it is started.
  outside_ = gateway.outside;
  seen_ = {};
  forwarder_ = std::make_unique<DnsForwarder>(
      io_.get_executor(), [this](const asio::ip::address& outside) { return policy_of(outside); },
      own_namespace_sockets(), random_, options_);
  DnsListeners listeners;
  listeners.udp4 = std::move(gateway.udp4);
  listeners.tcp4 = std::move(gateway.tcp4);
  listeners.udp6 = std::move(gateway.udp6);
  listeners.tcp6 = std::move(gateway.tcp6);
  return forwarder_->start(std::move(listeners));
}

void DnsService::stop() {
  if (!forwarder_) return;
  asio::co_spawn(io_, close_forwarder(), asio::use_future).get();
  forwarder_.reset();
}

asio::awaitable<void> DnsService::close_forwarder() {
  const auto closed = co_await forwarder_->close();
  static_cast<void>(closed.has_value());  // it waits, and has no way to fail
}

std::optional<model::NetworkPolicy> DnsService::policy_of(const asio::ip::address& outside) const {
  const auto ask = [this](auto bytes) -> std::optional<model::NetworkPolicy> {
    const auto slot = outside_.slot_of(std::as_bytes(std::span(bytes)));
    return slot ? policies_.of(*slot) : std::nullopt;
  };
  return outside.is_v4() ? ask(outside.to_v4().to_bytes()) : ask(outside.to_v6().to_bytes());
}

void DnsService::read_upstreams() {
  struct stat now {};
  // A file that is away for a moment (being replaced) leaves what was read last.
  if (::stat(resolv_conf_.c_str(), &now) != 0 || is_same_file(now, seen_)) return;
  auto text = os::read_file(resolv_conf_);
  if (!text) return;
  seen_ = now;
  forwarder_->set_upstreams(text.value());
}

}  // namespace proa::network
