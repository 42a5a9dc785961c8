// The supervisor: the parent of the privileged roles.
#pragma once

#include "launcher/config.h"
#include "launcher/instance.h"
#include "launcher/protocol.h"
#include "os/unique_fd.h"

#include <sys/types.h>

namespace proa::launcher {

/// Forks the pool and spawn roles, tells the daemon, and starts both again when one is lost (its
/// environments died with it). Runs until the daemon is gone; then waits for the roles to clean up.
class Supervisor {
 public:
  Supervisor(LauncherConfig config, Instance instance, os::UniqueFd daemon)
      : config_(std::move(config)), instance_(std::move(instance)), daemon_(std::move(daemon)) {}

  /// Exit status for main: 0 after the daemon went, 1 when the roles cannot be kept running.
  int run();

 private:
  int keep_roles();
  Result<void> start_roles();
  void stop_roles();
  /// Waits until the daemon is gone (null) or a role is: what to say of it.
  const char* wait_for_loss();
  bool is_daemon_gone() const;
  /// Takes note of a role that has ended: what to say of it; null when none has.
  const char* reap_role();

  LauncherConfig config_;
  Instance instance_;
  os::UniqueFd daemon_;
  os::UniqueFd child_signals_;
  pid_t spawn_ = -1;
  pid_t pool_ = -1;
};

/// Bodies of the two forked processes; never return.
struct RoleStart {
  const LauncherConfig& config;
  Instance& instance;
  std::vector<os::UniqueFd> daemon;  ///< a connection for each shard
  os::UniqueFd peer;                 ///< the other role
};
[[noreturn]] void run_spawn_role(RoleStart start);
[[noreturn]] void run_pool_role(RoleStart start);

/// Keeps only `kept` (bits by number) of the calling process's capabilities, for good: bounding and
/// inheritable sets too. Errc: os.
Result<void> keep_capabilities(std::uint64_t kept);

/// One line on standard error as the daemon's log has them:
/// {"level":"error","module":"launcher",...}
void report(std::string_view role, const Error& error);

/// Removes what dead instances have left on this host: control groups with their processes, disks
/// of `data_folder`, devices and rules. Live ones are left alone. How many had left something. As
/// root. Errc: denied, os, and those of the parts.
Result<std::size_t> clean_host(const std::filesystem::path& run_folder,
                               const std::filesystem::path& data_folder);

}  // namespace proa::launcher
