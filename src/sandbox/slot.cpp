#include "sandbox/slot.h"

#include <algorithm>
#include <utility>

namespace proa::sandbox {

Task<void> Slot::acquire(std::uint32_t tmp_mib) {
  CO_TRY(auto slot, co_await launcher_.acquire_slot(tmp_mib, use_));
  id_ = slot.id;
  sockets_ = std::move(slot.sockets);
  CO_TRY(auto files, os::CgroupFiles::from_fds(slot.cgroup_kind, std::move(slot.cgroup_fds)));
  CO_TRY(auto cgroup, os::CgroupControl::open(std::move(files)));
  cgroup_ = std::make_shared<os::CgroupControl>(std::move(cgroup));
  co_return ok();
}

Task<void> Slot::configure(const SandboxLimits& limits, ProcessorShare share) {
  limits_ = limits;
  return send_limits(share);
}

Task<void> Slot::set_processor_share(ProcessorShare share) {
  if (processor_mib(share) == processor_mib(share_)) co_return ok();
  co_return co_await send_limits(share);
}

Task<void> Slot::send_limits(ProcessorShare share) {
  launcher::Limits wire;
  wire.memory_bytes = limits_.memory.count();
  wire.memory_mib = processor_mib(share);
  wire.pids = limits_.pids;
  const auto network = static_cast<launcher::Network>(limits_.network);
  CO_TRY(co_await launcher_.configure_slot(*id_, wire, network));
  share_ = share;
  co_return ok();
}

std::uint32_t Slot::processor_mib(ProcessorShare share) const {
  if (share == ProcessorShare::of_function) return limits_.memory_mib;
  return std::max(limits_.memory_mib, kWholeProcessorMib);
}

void Slot::kill() {
  const bool is_killed_here = cgroup_ && cgroup_->can_kill() && cgroup_->kill();
  if (is_killed_here) return;
  launcher_.kill(*id_);
  // Version 1: a process that is frozen takes the signal when it is thawed, and only then does it
  // end, for which close() waits.
  if (cgroup_ && cgroup_->kind() == os::CgroupKind::v1) (void)cgroup_->thaw();
}

void Slot::abandon() {
  if (is_acquired()) kill();
}

void Slot::release() {
  sockets_ = launcher::EnvironmentSockets();  // first: they hold the network namespace
  launcher_.release(*id_);
  id_.reset();
}

// Without waiting: the shard serves calls meanwhile, and a thaw is good at any time.
Result<void> Slot::freeze() { return cgroup_->begin_freeze(); }
Result<void> Slot::thaw() { return cgroup_->thaw(); }
Result<void> Slot::run_on(std::string_view processors) { return cgroup_->run_on(processors); }

std::optional<Bytes> Slot::memory_peak() const {
  auto peak = cgroup_->memory_peak();
  return peak ? peak.value() : std::nullopt;
}

std::uint64_t Slot::oom_kills() const {
  auto kills = cgroup_->oom_kills();
  return kills ? kills.value() : 0;
}

UsageReader Slot::usage_reader() const {
  if (!cgroup_) return {};
  return [cgroup = std::shared_ptr<const os::CgroupControl>(cgroup_)] {
    SandboxUsage usage;
    if (const auto memory = cgroup->memory_usage()) usage.memory = memory.value();
    if (const auto peak = cgroup->memory_peak()) usage.memory_peak = peak.value();
    if (const auto time = cgroup->cpu_time()) usage.cpu_time = time.value();
    return usage;
  };
}

}  // namespace proa::sandbox
