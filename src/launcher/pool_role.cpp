#include "launcher/pool_role.h"

#include "launcher/supervisor.h"
#include "launcher/user_namespace.h"
#include "os/file.h"

#include <boost/json.hpp>
#include <fcntl.h>
#include <linux/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

namespace proa::launcher {
namespace {

constexpr std::uint32_t kUsualTmpMib = 512;
constexpr auto kRetrySpares = std::chrono::seconds(1);

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
  TRY(auto home, os::open_file("/proc/self/ns/net", O_RDONLY));
  if (::unshare(CLONE_NEWNET) != 0) return os_error("unshare network namespace");
  auto made = bring_loopback_up();
  auto opened = os::open_file("/proc/self/ns/net", O_RDONLY);
  if (::setns(home.get(), CLONE_NEWNET) != 0)
    return os_error("return to the host's network namespace");
  if (!made) return made.error();
  return opened;
}

model::NetworkPolicy to_policy(Network network) {
  return static_cast<model::NetworkPolicy>(network);
}

}  // namespace

PoolRole::PoolRole(const LauncherConfig& config, const Instance& instance, Connections connections)
    : config_(config), instance_(instance), connections_(std::move(connections)) {}

Result<std::unique_ptr<PoolRole>> PoolRole::create(const LauncherConfig& config,
                                                   const Instance& instance,
                                                   Connections connections) {
  std::unique_ptr<PoolRole> role(new PoolRole(config, instance, std::move(connections)));
  TRY(role->open_parts());
  return role;
}

Result<void> PoolRole::open_parts() {
  for (const char* file : {"/etc/subuid", "/etc/subgid"}) {
    auto text = os::read_file(file);
    if (!text) continue;
    const auto overlaps = overlapping_subids(text.value(), instance_.uid_base(), 2 * kMaxSlots);
    if (!overlaps.empty()) {
      return Error(Errc::invalid, std::string(file) + " gives user ids of environments to '" +
                                      overlaps.front() + "'");
    }
  }
  CgroupOptions cgroup_options;
  cgroup_options.instance = instance_.id();
  cgroup_options.cpu_policy = config_.cpu_policy;
  TRY(auto cgroups, CgroupBackend::detect(cgroup_options));
  cgroups_ = std::move(cgroups);
  TRY(cgroups_->clean_leftovers(instance_.id()));
  DiskOptions disk_options;
  disk_options.folder = config_.data_folder / "disks";
  disk_options.instance = instance_.id();
  TRY(auto disks, DiskFolder::open(disk_options));
  disks_ = std::move(disks);
  TRY(disks_->clean_leftovers(instance_.id()));
  TRY(disks_->prepare(Bytes::mib(kUsualTmpMib)));
  clean_abandoned();
  open_router();
  // Not from 0: a late message about a slot of the role before this one must not fit one of ours.
  const std::uint32_t first_generation = std::random_device()();
  for (std::uint32_t i = 0; i < std::min(config_.max_slots, kMaxSlots); ++i) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->id = {i, first_generation};
  }
  return ok();
}

// Environments without a network are better than no environments: the reason is kept for
// `proa status`, and the daemon says it in its start line.
void PoolRole::open_router() {
  auto options = net::RouterOptions::for_instance(instance_.number());
  options.may_enable_forwarding = config_.may_enable_forwarding;
  if (auto cleaned = net::Router::clean_leftovers(-1, options.instance_id); !cleaned) {
    uplink_reason_ = cleaned.error().message();
    return;
  }
  if (config_.uplink == UplinkMode::none) {
    uplink_reason_ = "switched off by --uplink none";
    return;
  }
  auto chosen = net::choose_uplink(options, config_.uplink);
  router_ = std::move(chosen.router);
  uplink_reason_ = std::move(chosen.reason);
  uplink_advice_ = std::move(chosen.advice);
}

// What other instances left that ended without a chance to clean up, and whose number nobody took
// since.
void PoolRole::clean_abandoned() {
  for (Instance& dead : Instance::abandoned(config_.run_folder, instance_.number())) {
    if (auto cleaned = clean_leftovers_of(dead.id()); !cleaned) {
      report("pool", cleaned.error().with_context("what instance " + dead.id() + " left"));
      continue;
    }
    dead.give_back();
  }
}

Result<void> PoolRole::clean_leftovers_of(const std::string& instance_id) {
  TRY(cgroups_->clean_leftovers(instance_id));
  TRY(disks_->clean_leftovers(instance_id));
  return net::Router::clean_leftovers(-1, instance_id);
}

void PoolRole::watch_uplink() {
  if (auto failure = router_->take_uplink_news()) {
    report("pool",
           Error(Errc::unavailable, "the uplink was lost and is started again: " + *failure));
  }
}

void PoolRole::run() {
  for (;;) {
    std::vector<pollfd> polled;
    polled.push_back({connections_.spawn.get(), POLLIN, 0});
    bool has_daemon = false;
    for (const os::UniqueFd& connection : connections_.daemon) {
      polled.push_back({connection.get(), POLLIN, 0});
      has_daemon = has_daemon || connection;
    }
    if (!has_daemon) break;
    polled.push_back({router_ ? router_->uplink_news_fd() : -1, POLLIN, 0});
    const int ready = ::poll(polled.data(), polled.size(), has_work() ? 0 : 1000);
    if (ready < 0 && errno != EINTR) break;
    if (ready <= 0) {
      do_one_piece_of_work();
      continue;
    }
    if (polled.back().revents != 0) watch_uplink();
    if (polled[0].revents != 0) break;  // the spawn role never sends: it is gone
    for (std::size_t i = 0; i < connections_.daemon.size(); ++i) {
      if (polled[i + 1].revents != 0 && !serve(i)) drop_connection(i);
    }
  }
  shut_down();
}

bool PoolRole::serve(std::size_t connection) {
  auto message = os::receive_message(connections_.daemon[connection].get());
  if (!message) return false;
  auto request = decode_request(message.value().bytes);
  const auto answer = [&](std::uint64_t number, const Result<void>& result) {
    return result || reply(connection, make_failed(number, result.error())).has_value();
  };
  if (!request) return answer(0, request.error());
  if (const auto* begin = std::get_if<AcquireSlot>(&request.value())) {
    return answer(begin->request, acquire(connection, *begin));
  }
  if (const auto* limits = std::get_if<ConfigureSlot>(&request.value())) {
    return answer(limits->request, configure(connection, *limits));
  }
  if (const auto* end = std::get_if<ReleaseSlot>(&request.value())) {
    release(connection, end->slot);
    return true;
  }
  if (const auto* question = std::get_if<PoolStatus>(&request.value())) {
    status(connection, question->request);
    return true;
  }
  if (const auto* dns = std::get_if<OpenGatewayDns>(&request.value())) {
    return answer(dns->request, open_dns(connection, *dns));
  }
  return answer(0, Error(Errc::invalid, "request is not for the pool role"));
}

Result<void> PoolRole::acquire(std::size_t connection, const AcquireSlot& request) {
  taken_lately_.note(std::chrono::steady_clock::now());
  TRY(auto* slot, take_ready());
  const Bytes size = Bytes::mib(request.tmp_mib);
  if (slot->disk->size() != size) {
    slot->disk.reset();
    auto disk = disks_->make(size, disk_owner(*slot));
    if (!disk) {
      slot->use = Use::returned;
      returned_.push_back(slot->id.index);
      return disk.error();
    }
    slot->disk = std::move(disk.value());
  }
  slot->use = Use::taken;
  slot->owner = connection;
  auto handed = hand_to_spawn(*slot);
  auto files = slot->cgroup->daemon_files();
  if (!handed || !files) {
    release(connection, slot->id);
    return handed ? Result<void>(files.error()) : handed;
  }
  Done done;
  done.request = request.request;
  done.slot = slot->id;
  done.detail = files.value().shape();
  std::vector<int> fds = files.value().fds();
  fds.push_back(slot->sockets.runtime_api.get());
  fds.push_back(slot->sockets.lambda_api.get());
  auto sent = reply(connection, done, fds);
  slot->sockets = EnvironmentSockets();  // held by the daemon alone from now on
  return sent;
}

Result<void> PoolRole::hand_to_spawn(Slot& slot) {
  TRY(auto entry, slot.cgroup->entry_fds());
  TRY(auto tmp, slot.disk->mount());
  SlotReady message;
  message.slot = slot.id;
  message.uid_base = instance_.uid_base() + 2 * slot.id.index;
  message.has_cgroup2 = entry.cgroup2 ? 1 : 0;
  message.cgroup_fds = static_cast<std::uint32_t>(entry.v1_tasks.size());
  std::vector<int> fds{slot.user_namespace.get(), slot.network_namespace.get(), tmp.get()};
  if (entry.cgroup2) fds.push_back(entry.cgroup2.get());
  for (const os::UniqueFd& tasks : entry.v1_tasks) fds.push_back(tasks.get());
  const std::string bytes = encode(Request(message));
  TRY(os::send_message(connections_.spawn.get(), std::as_bytes(std::span(bytes)), fds));
  slot.network_namespace.reset();  // a held namespace would outlive its environment
  return ok();
}

Result<void> PoolRole::configure(std::size_t connection, const ConfigureSlot& request) {
  Slot* slot = find(connection, request.slot);
  if (slot == nullptr) return Error(Errc::not_found, "slot is not yours");
  const Limits& limits = request.limits;
  TRY(slot->cgroup->set_limits(CgroupLimits::for_function(Bytes(limits.memory_bytes), limits.pids,
                                                          limits.memory_mib, config_.cpu_policy)));
  if (router_) {
    TRY(router_->set_policy(slot->id.index, to_policy(request.network)));
  }
  Done done;
  done.request = request.request;
  done.slot = slot->id;
  return reply(connection, done);
}

void PoolRole::release(std::size_t connection, SlotId id) {
  Slot* slot = find(connection, id);
  if (slot == nullptr) return;
  slot->use = Use::returned;
  returned_.push_back(id.index);
  if (router_) (void)router_->cut_off(id.index);  // at once; the rest when there is time
}

void PoolRole::drop_connection(std::size_t connection) {
  connections_.daemon[connection].reset();
  for (const auto& slot : slots_) {
    if (slot->use == Use::taken && slot->owner == connection) release(connection, slot->id);
  }
}

void PoolRole::status(std::size_t connection, std::uint64_t request) {
  boost::json::object out;
  out["instance"] = instance_.number();
  out["cgroup"] = os::to_string(cgroups_->kind());
  boost::json::object limits;
  for (const LimitReport& limit : cgroups_->enforcement()) {
    limits[limit.limit] =
        boost::json::object{{"enforced", limit.is_enforced}, {"by", limit.reason}};
  }
  out["limits"] = std::move(limits);
  out["network"] = network_status();
  out["slots"] = boost::json::object{{"ready", count(Use::ready)},
                                     {"taken", count(Use::taken)},
                                     {"cleaning", count(Use::returned)},
                                     {"limit", slots_.size()}};
  std::string json = boost::json::serialize(out);
  Text text;
  text.request = request;
  text.size = static_cast<std::uint32_t>(std::min(json.size(), kMaxText));
  std::copy_n(json.begin(), text.size, text.bytes.begin());
  (void)reply(connection, text);
}

boost::json::object PoolRole::network_status() const {
  boost::json::object network;
  const bool is_pasta = router_ && router_->uplink() == net::UplinkKind::pasta;
  network["uplink"] = !router_ ? "none" : is_pasta ? "pasta" : "kernel";
  if (!uplink_reason_.empty()) network["reason"] = uplink_reason_;
  if (!uplink_advice_.empty()) {
    constexpr std::size_t kMost = 3;  // the status has to fit a message
    boost::json::array advice;
    for (const std::string& line : uplink_advice_) {
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

Result<void> PoolRole::open_dns(std::size_t connection, const OpenGatewayDns& request) {
  if (!router_) return Error(Errc::unavailable, uplink_reason_);
  TRY(auto sockets, router_->make_gateway_dns_sockets());
  GatewayDns message;
  message.request = request.request;
  message.outside4 = router_->plan().outside4().address.v4_value();
  message.has_ipv6 = router_->has_ipv6() ? 1 : 0;
  const auto prefix6 = router_->plan().outside6().address.bytes().first(6);
  std::memcpy(message.outside6.data(), prefix6.data(), prefix6.size());
  std::vector<int> fds{sockets.udp4.get(), sockets.tcp4.get()};
  if (message.has_ipv6 != 0) {
    fds.push_back(sockets.udp6.get());
    fds.push_back(sockets.tcp6.get());
  }
  return reply(connection, message, fds);
}

bool PoolRole::has_work() const {
  if (!returned_.empty() || disks_->released() > 0) return true;
  return wants_spare() || count(Use::ready) > spares_wanted();
}

bool PoolRole::wants_spare() const {
  return count(Use::ready) < spares_wanted() && count(Use::free) > 0 &&
         std::chrono::steady_clock::now() >= retry_spares_at_;
}

void PoolRole::do_one_piece_of_work() {
  if (!wants_spare()) {
    if (returned_.empty() && count(Use::ready) > spares_wanted()) return clean(*first(Use::ready));
    if (returned_.empty()) {
      if (auto deleted = disks_->delete_released(1); !deleted) report("pool", deleted.error());
      return;
    }
    Slot& slot = *slots_[returned_.front()];
    returned_.pop_front();
    clean(slot);
    return;
  }
  if (auto made = make_ready(); !made) {
    report("pool", made.error());
    retry_spares_at_ = std::chrono::steady_clock::now() + kRetrySpares;
  }
}

Result<PoolRole::Slot*> PoolRole::take_ready() {
  if (Slot* slot = first(Use::ready)) return slot;
  if (count(Use::free) == 0 && !returned_.empty()) {
    Slot& slot = *slots_[returned_.front()];
    returned_.pop_front();
    clean(slot);
  }
  return make_ready();
}

Result<PoolRole::Slot*> PoolRole::make_ready() {
  Slot* slot = first(Use::free);
  if (slot == nullptr) {
    return Error(Errc::exhausted,
                 "all " + std::to_string(slots_.size()) + " environments of this host are in use");
  }
  if (auto prepared = prepare(*slot); !prepared) {
    slot->disk.reset();
    return prepared.error();
  }
  slot->use = Use::ready;
  return slot;
}

Result<void> PoolRole::prepare(Slot& slot) {
  ++slot.id.generation;
  if (!slot.user_namespace) {
    TRY(auto user, make_user_namespace(instance_.uid_base() + 2 * slot.id.index));
    slot.user_namespace = std::move(user);
  }
  if (!slot.cgroup) {
    TRY(auto cgroup, cgroups_->create(std::to_string(slot.id.index)));
    slot.cgroup = std::move(cgroup);
  }
  TRY(auto disk, disks_->make(Bytes::mib(kUsualTmpMib), disk_owner(slot)));
  slot.disk = std::move(disk);
  slot.sockets = EnvironmentSockets();  // of a failed preparation: they would hold its namespace
  TRY(auto network, make_network(slot.id.index));
  slot.network_namespace = std::move(network);
  TRY(auto sockets, make_environment_sockets(slot.network_namespace.get()));
  slot.sockets = std::move(sockets);
  return ok();
}

// Nothing is reachable until configure() names the policy.
Result<os::UniqueFd> PoolRole::make_network(std::uint32_t index) {
  if (!router_) return loopback_namespace();
  const std::array<std::uint32_t, 1> indices{index};
  TRY(router_->release(indices));  // a failed preparation may have left it
  TRY(auto made, router_->make(index, model::NetworkPolicy::none));
  return std::move(made.netns);
}

DiskOwner PoolRole::disk_owner(const Slot& slot) const {
  DiskOwner owner;
  owner.uid = instance_.uid_base() + 2 * slot.id.index + 1;  // the function's user
  owner.gid = owner.uid;
  return owner;
}

// In this order: no process, then no mount, then what the kernel still charges to the group.
void PoolRole::clean(Slot& slot) {
  SlotGone gone;
  gone.slot = slot.id;
  const std::string bytes = encode(Request(gone));
  (void)os::send_message(connections_.spawn.get(), std::as_bytes(std::span(bytes)), {});
  auto cleaned = slot.cgroup ? slot.cgroup->kill() : Result<void>(ok());
  if (cleaned && slot.disk) cleaned = slot.disk->release();
  slot.disk.reset();
  if (cleaned && slot.cgroup) cleaned = slot.cgroup->reset();
  slot.network_namespace.reset();
  slot.sockets = EnvironmentSockets();
  if (cleaned && router_) {
    const std::array<std::uint32_t, 1> indices{slot.id.index};
    if (auto released = router_->release(indices); !released) cleaned = released.error();
  }
  if (!cleaned) {
    // Never given to anyone again: what it still holds might be reached by its next user.
    report("pool",
           cleaned.error().with_context("slot " + std::to_string(slot.id.index) + " is given up"));
    slot.use = Use::taken;
    slot.owner = connections_.daemon.size();
    return;
  }
  slot.use = Use::free;
}

void PoolRole::shut_down() {
  for (const auto& slot : slots_) {
    if (slot->use != Use::free) clean(*slot);
  }
  for (const auto& slot : slots_) slot->cgroup.reset();
  slots_.clear();
  if (router_) {
    if (auto destroyed = router_->destroy(); !destroyed) report("pool", destroyed.error());
  }
  router_.reset();
  disks_.reset();
  cgroups_.reset();
}

PoolRole::Slot* PoolRole::first(Use use) {
  for (const auto& slot : slots_) {
    if (slot->use == use) return slot.get();
  }
  return nullptr;
}

PoolRole::Slot* PoolRole::find(std::size_t connection, SlotId id) {
  if (id.index >= slots_.size()) return nullptr;
  Slot& slot = *slots_[id.index];
  const bool is_theirs = slot.id == id && slot.use == Use::taken && slot.owner == connection;
  return is_theirs ? &slot : nullptr;
}

Result<void> PoolRole::reply(std::size_t connection, const Reply& message,
                             std::span<const int> fds) {
  const std::string bytes = encode(message);
  return os::send_message(connections_.daemon[connection].get(), std::as_bytes(std::span(bytes)),
                          fds);
}

std::size_t PoolRole::count(Use use) const {
  return static_cast<std::size_t>(std::count_if(
      slots_.begin(), slots_.end(), [use](const auto& slot) { return slot->use == use; }));
}

}  // namespace proa::launcher
