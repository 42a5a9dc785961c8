#include "launcher/pool_role.h"

#include "launcher/leftovers.h"
#include "launcher/supervisor.h"
#include "launcher/user_namespace.h"
#include "os/file.h"

#include <boost/json.hpp>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>

namespace proa::launcher {
namespace {

constexpr std::uint32_t kUsualTmpMib = 512;
constexpr auto kRetrySpares = std::chrono::seconds(1);

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
  clean_abandoned(config_.run_folder, instance_.number(), *cgroups_,
                  [](const Error& error) { report("pool", error); });
  DiskOptions disk_options;
  disk_options.folder = config_.data_folder / "disks";
  disk_options.instance = instance_.id();
  TRY(auto disks, DiskFolder::open(disk_options));
  disks_ = std::move(disks);
  TRY(disks_->clean());
  TRY(disks_->prepare(Bytes::mib(kUsualTmpMib)));
  auto network = net::RouterOptions::for_instance(instance_.number());
  network.may_enable_forwarding = config_.may_enable_forwarding;
  network_.open(std::move(network), config_.uplink);
  // Not from 0: a late message about a slot of the role before this one must not fit one of ours.
  const std::uint32_t first_generation = std::random_device()();
  for (std::uint32_t i = 0; i < std::min(config_.max_slots, kMaxSlots); ++i) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->id = {i, first_generation};
  }
  return ok();
}

void PoolRole::watch_uplink() {
  if (auto failure = network_.take_news()) {
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
    polled.push_back({network_.news_fd(), POLLIN, 0});
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
  if (auto fitted = fit(*slot, request); !fitted) {
    slot->use = Use::returned;
    returned_.push_back(slot->id.index);
    return fitted;
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

// A ready slot has what a container with the usual /tmp needs.
Result<void> PoolRole::fit(Slot& slot, const AcquireSlot& request) {
  const Bytes size = Bytes::mib(request.tmp_mib);
  if (request.use == SlotUse::guest) return fit_for_guest(slot, size);
  if (slot.disk->size() == size) return ok();
  slot.disk.reset();
  TRY(slot.disk, disks_->make(size, disk_owner(slot)));
  return ok();
}

Result<void> PoolRole::fit_for_guest(Slot& slot, Bytes tmp_size) {
  TRY(slot.tap, network_.give_to_guest(slot.id.index, slot.network_namespace.get()));
  TRY(slot.disk->release());
  slot.disk.reset();
  TRY(slot.image, disks_->make_image(tmp_size));
  return ok();
}

Result<void> PoolRole::hand_to_spawn(Slot& slot) {
  TRY(auto entry, slot.cgroup->entry_fds());
  os::UniqueFd mount;
  if (slot.disk) {
    TRY(mount, slot.disk->mount());
  }
  SlotReady message;
  message.slot = slot.id;
  message.uid_base = instance_.uid_base() + 2 * slot.id.index;
  message.has_cgroup2 = entry.cgroup2 ? 1 : 0;
  message.cgroup_fds = static_cast<std::uint32_t>(entry.v1_tasks.size());
  message.use = slot.image ? SlotUse::guest : SlotUse::container;
  message.has_tap = slot.tap ? 1 : 0;
  message.has_ipv6 = slot.tap && network_.has_ipv6() ? 1 : 0;
  std::vector<int> fds{slot.user_namespace.get(), slot.network_namespace.get(),
                       slot.image ? slot.image->descriptor() : mount.get()};
  if (slot.tap) fds.push_back(slot.tap.get());
  if (entry.cgroup2) fds.push_back(entry.cgroup2.get());
  for (const os::UniqueFd& tasks : entry.v1_tasks) fds.push_back(tasks.get());
  const std::string bytes = encode(Request(message));
  TRY(os::send_message(connections_.spawn.get(), std::as_bytes(std::span(bytes)), fds));
  slot.tap.reset();
  slot.network_namespace.reset();  // a held namespace would outlive its environment
  return ok();
}

Result<void> PoolRole::configure(std::size_t connection, const ConfigureSlot& request) {
  Slot* slot = find(connection, request.slot);
  if (slot == nullptr) return Error(Errc::not_found, "slot is not yours");
  const Limits& limits = request.limits;
  TRY(slot->cgroup->set_limits(CgroupLimits::for_function(Bytes(limits.memory_bytes), limits.pids,
                                                          limits.memory_mib, config_.cpu_policy)));
  TRY(network_.set_policy(slot->id.index, request.network));
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
  network_.cut_off(id.index);  // at once; the rest when there is time
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
  out["network"] = network_.status();
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

Result<void> PoolRole::open_dns(std::size_t connection, const OpenGatewayDns& request) {
  TRY(auto answer, network_.open_gateway_dns());
  answer.message.request = request.request;
  return reply(connection, answer.message, answer.fds());
}

bool PoolRole::has_work() const {
  if (!returned_.empty() || !unlinked_.empty() || disks_->released() > 0) return true;
  return wants_spare() || count(Use::ready) > spares_wanted();
}

bool PoolRole::wants_spare() const {
  return count(Use::ready) < spares_wanted() && count(Use::free) > 0 &&
         std::chrono::steady_clock::now() >= retry_spares_at_;
}

void PoolRole::do_one_piece_of_work() {
  if (!wants_spare()) return take_one_back();
  if (auto made = make_ready(); !made) {
    report("pool", made.error());
    retry_spares_at_ = std::chrono::steady_clock::now() + kRetrySpares;
  }
}

// The kernel takes as long for the devices of many slots as for one's: they gather until nothing
// else is to be cleaned.
void PoolRole::take_one_back() {
  if (unlinked_.size() >= kSweptAtOnce) return end_networks();
  if (!returned_.empty()) return clean_returned();
  if (count(Use::ready) > spares_wanted()) return clean(*first(Use::ready));
  if (!unlinked_.empty()) return end_networks();
  if (auto deleted = disks_->delete_released(1); !deleted) report("pool", deleted.error());
}

Result<PoolRole::Slot*> PoolRole::take_ready() {
  if (Slot* slot = first(Use::ready)) return slot;
  if (count(Use::free) == 0) {
    if (!returned_.empty()) clean_returned();
    end_networks();
  }
  return make_ready();
}

Result<PoolRole::Slot*> PoolRole::make_ready() {
  Slot* slot = first(Use::free);
  if (slot == nullptr) {
    return Error(Errc::exhausted,
                 "all " + std::to_string(slots_.size()) + " slots of this host are in use");
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
  TRY(auto network, network_.make(slot.id.index));
  slot.network_namespace = std::move(network);
  TRY(auto sockets, make_environment_sockets(slot.network_namespace.get()));
  slot.sockets = std::move(sockets);
  return ok();
}

DiskOwner PoolRole::disk_owner(const Slot& slot) const {
  DiskOwner owner;
  owner.uid = instance_.uid_base() + 2 * slot.id.index + 1;  // the function's user
  owner.gid = owner.uid;
  return owner;
}

void PoolRole::clean_returned() {
  Slot& slot = *slots_[returned_.front()];
  returned_.pop_front();
  clean(slot);
}

// In this order: no process, then no mount, then what the kernel still charges to the group. The
// slot's network is ended later, with others'.
void PoolRole::clean(Slot& slot) {
  SlotGone gone;
  gone.slot = slot.id;
  const std::string bytes = encode(Request(gone));
  (void)os::send_message(connections_.spawn.get(), std::as_bytes(std::span(bytes)), {});
  auto cleaned = slot.cgroup ? slot.cgroup->kill() : Result<void>(ok());
  if (cleaned && slot.disk) cleaned = slot.disk->release();
  slot.disk.reset();
  if (cleaned && slot.image) cleaned = slot.image->release();
  slot.image.reset();
  if (cleaned && slot.cgroup) cleaned = slot.cgroup->reset();
  slot.tap.reset();
  slot.network_namespace.reset();
  slot.sockets = EnvironmentSockets();
  if (!cleaned) return give_up(slot, cleaned.error());
  slot.use = Use::returned;
  unlinked_.push_back(slot.id.index);
}

void PoolRole::end_networks() {
  const std::vector<std::uint32_t> kept = network_.release(unlinked_);
  for (const std::uint32_t index : unlinked_) slots_[index]->use = Use::free;
  for (const std::uint32_t index : kept) {
    give_up(*slots_[index], Error(Errc::os, "its network cannot be ended"));
  }
  unlinked_.clear();
}

// Never given to anyone again: what it still holds might be reached by its next user.
void PoolRole::give_up(Slot& slot, const Error& error) {
  report("pool", error.with_context("slot " + std::to_string(slot.id.index) + " is given up"));
  slot.use = Use::taken;
  slot.owner = connections_.daemon.size();
}

void PoolRole::shut_down() {
  network_.begin_close();
  for (const auto& slot : slots_) {
    const bool is_clean = std::ranges::find(unlinked_, slot->id.index) != unlinked_.end();
    if (slot->use != Use::free && !is_clean) clean(*slot);
  }
  for (const auto& slot : slots_) slot->cgroup.reset();
  slots_.clear();
  if (auto closed = network_.close(); !closed) report("pool", closed.error());
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
