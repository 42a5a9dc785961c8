// The control group of one environment slot, as the launcher sees it.
#pragma once

#include "base/result.h"
#include "launcher/cgroup/cgroup_layout.h"
#include "launcher/cgroup/cgroup_limits.h"
#include "os/cgroup.h"
#include "os/unique_fd.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace proa::launcher {

/// How a new process gets in: clone3 with CLONE_INTO_CGROUP and `cgroup2` where there is one, and
/// then, while it is still single-threaded, "0" written by itself to every one of `v1_tasks`.
struct CgroupEntry {
  os::UniqueFd cgroup2;
  std::vector<os::UniqueFd> v1_tasks;
};

/// One slot's control group in every hierarchy of the layout. Owned by the pool role, single
/// thread; holds no descriptor itself. The backend it came from outlives it. On kind `none` every
/// operation succeeds and does nothing.
class EnvironmentCgroup {
 public:
  EnvironmentCgroup(const CgroupLayout& layout, std::string name);
  EnvironmentCgroup(const EnvironmentCgroup&) = delete;
  EnvironmentCgroup& operator=(const EnvironmentCgroup&) = delete;
  /// Safety net: kills, removes with a short deadline, ignores failures (the next start cleans up).
  ~EnvironmentCgroup();

  /// Makes the folders; an existing one is taken over if it has no process. Errc: conflict, os.
  Result<void> make();
  /// Writes every limit that this host can enforce and reads it back; swap does not extend memory.
  /// Errc: os (names the file, and both values when the kernel kept another one).
  Result<void> set_limits(const CgroupLimits& limits);
  /// Fresh descriptors for the spawn role; valid until reset(). Errc: exhausted, os.
  Result<CgroupEntry> entry_fds() const;
  /// Fresh descriptors for the daemon, valid until reset(). Errc: exhausted, os.
  Result<os::CgroupFiles> daemon_files() const;
  /// SIGKILL to all, frozen or not, and waits until none is left. Errc: deadline (2 s), os.
  Result<void> kill();
  /// Makes it as new, for another environment or for new processes of this one: kills, gives back
  /// the page cache that was left, zeroes peaks and counters, thaws. On cgroup2 this is a must
  /// between a kill and the next start: Linux 6.12 and later kill what CLONE_INTO_CGROUP starts in
  /// a cgroup2 that was killed before, so a new one takes its place. Replace the descriptors given
  /// out; set_limits() again (v1 keeps them, cgroup2 begins without). Errc: deadline, os.
  Result<void> reset();
  /// Kills and removes. Errc: deadline, os. The object can only be destroyed afterwards.
  Result<void> remove();

  const std::string& name() const { return name_; }

 private:
  std::vector<std::filesystem::path> folders() const;
  std::optional<std::filesystem::path> folder_of(const std::string& controller) const;
  Result<void> set_memory_v1(const std::filesystem::path& folder, Bytes memory);
  Result<void> set_memory_v2(const std::filesystem::path& folder, Bytes memory);
  Result<void> set_cpu(const std::filesystem::path& folder, const CgroupLimits& limits);
  Result<void> free_processors();
  Result<void> zero_v1_counters();
  Result<void> drop_page_cache(const std::filesystem::path& folder);

  const CgroupLayout& layout_;
  std::string name_;
  bool is_made_ = false;
};

}  // namespace proa::launcher
