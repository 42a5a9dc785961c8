// The spawn role: clones first processes of environments (proa-init, or QEMU), mounts code into
// them, reaps them.
#pragma once

#include "launcher/config.h"
#include "launcher/kernel_check.h"
#include "launcher/protocol.h"
#include "launcher/sandbox_child.h"
#include "os/seqpacket.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace proa::launcher {

/// Single-threaded; owns every environment's first process. Answers each request before it takes
/// the next. Ends (and with it, by PR_SET_PDEATHSIG, every environment) when its sockets close.
class SpawnRole {
 public:
  /// `daemon` are the shards' connections, `pool` the pool role's; kernels that guests boot must be
  /// signed by the other half of `kernel_key`. Needs to stand in the stage (see enter_stage). Errc:
  /// os, internal.
  static Result<SpawnRole> create(std::vector<os::UniqueFd> daemon, os::UniqueFd pool,
                                  std::optional<Ed25519Public> kernel_key);

  /// Serves until the pool role or every connection of the daemon is closed.
  void run();

 private:
  /// What the pool role made ready, and the process that runs in it, if one does.
  struct Slot {
    SlotId id;
    os::UniqueFd user_namespace;
    os::UniqueFd network_namespace;
    SlotUse use = SlotUse::container;
    os::UniqueFd tmp;  ///< of a container a mount, of a guest an image
    os::UniqueFd tap;  ///< of a guest with a network, until QEMU has it
    bool has_ipv6 = false;
    os::UniqueFd cgroup2;
    std::vector<os::UniqueFd> cgroup_tasks;
    std::size_t owner = 0;  ///< connection that started it
    Child child;
    bool is_started = false;
  };

  explicit SpawnRole(std::optional<Ed25519Public> kernel_key) : kernel_check_(kernel_key) {}
  void serve_daemon(std::size_t connection);
  bool serve_pool();
  void reap();
  void report_exit(Slot& slot, int wait_status);
  Result<Slot*> unstarted(SlotId id, SlotUse use);
  Result<void> run_in(Slot& slot, std::size_t connection, ChildPlan plan);
  Result<void> start(std::size_t connection, const StartSandbox& request);
  Result<void> start_guest(std::size_t connection, const StartGuest& request,
                           std::vector<os::UniqueFd> fds);
  /// The mount namespace of a container of that connection, which it gives away once.
  Result<os::UniqueFd> inside_of(std::size_t connection, SlotId id);
  Result<void> adopt(std::size_t connection, const AdoptCode& request);
  Result<void> adopt(std::size_t connection, const AdoptRoot& request);
  void kill(std::size_t connection, SlotId id);
  void slot_ready(const SlotReady& message, std::vector<os::UniqueFd> fds);
  void reply(std::size_t connection, const Reply& message, std::span<const int> fds = {});
  Slot* find(SlotId id);

  std::vector<os::UniqueFd> daemon_;
  os::UniqueFd pool_;
  os::UniqueFd child_signals_;
  os::UniqueFd self_;  ///< pidfd of this process
  os::UniqueFd null_device_;
  os::UniqueFd code_folder_;
  os::UniqueFd kernels_folder_;
  os::UniqueFd images_folder_;
  KernelCheck kernel_check_;
  FilterProgram filter_;
  ChildRoot container_root_;
  ChildRoot guest_root_;
  std::map<std::uint32_t, Slot> slots_;
};

/// Gives the calling process a private mount namespace whose root holds only /env (the
/// environments' root), /guest (QEMU's), /code (the unpacked trees), /kernels, /images and /proc:
/// every clone copies few mounts, and nothing else of the host can be named. Errc: os, not_found,
/// unsupported.
Result<void> enter_stage(const LauncherConfig& config, const std::filesystem::path& stage);

}  // namespace proa::launcher
