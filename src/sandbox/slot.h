// What every sandbox stands on: a slot of the launcher with its sockets and its control group.
// Private to sandbox/.
#pragma once

#include "launcher/launcher.h"
#include "os/cgroup.h"
#include "sandbox/sandbox.h"

#include <memory>
#include <optional>
#include <string_view>

namespace proa::sandbox {

/// One slot, from acquire() until release(). Owned by its sandbox, whose launcher client outlives
/// it. What is not said of a slot is said of its sandbox: see Sandbox.
class Slot {
 public:
  explicit Slot(launcher::Client& launcher, launcher::SlotUse use = launcher::SlotUse::container)
      : launcher_(launcher), use_(use) {}

  /// Takes one with a /tmp of `tmp_mib` MiB. Errc: as launcher::Client::acquire_slot(), os. On
  /// error kill() and release() are due all the same.
  Task<void> acquire(std::uint32_t tmp_mib);
  bool is_acquired() const { return id_.has_value(); }
  launcher::SlotId id() const { return *id_; }
  const launcher::EnvironmentSockets& sockets() const { return sockets_; }

  Task<void> configure(const SandboxLimits& limits, ProcessorShare share);
  Task<void> set_processor_share(ProcessorShare share);
  /// Ends all that runs in it, frozen or not: by its control group where that can, else by the
  /// launcher. Also when nothing runs.
  void kill();
  /// The same where there is anything to kill.
  void abandon();
  /// Gives it back; nothing may run in it any more.
  void release();

  Result<void> freeze();
  Result<void> thaw();
  Result<void> run_on(std::string_view processors);
  std::optional<Bytes> memory_peak() const;
  std::uint64_t oom_kills() const;
  UsageReader usage_reader() const;

 private:
  Task<void> send_limits(ProcessorShare share);
  std::uint32_t processor_mib(ProcessorShare share) const;

  launcher::Client& launcher_;
  launcher::SlotUse use_;
  SandboxLimits limits_;  ///< from configure() on
  ProcessorShare share_ = ProcessorShare::of_function;
  std::optional<launcher::SlotId> id_;
  launcher::EnvironmentSockets sockets_;
  /// Shared with usage readers, which may be at work on another thread when this is released.
  std::shared_ptr<os::CgroupControl> cgroup_;
};

}  // namespace proa::sandbox
