// From clone3 to proa-init or QEMU: what the first process of an environment does to itself.
#pragma once

#include "base/result.h"
#include "launcher/seccomp_filter.h"
#include "os/unique_fd.h"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace proa::launcher {

/// The steps of the child, in order; a failed one is reported with its number.
enum class StartStep : int {
  none = 0,
  join_cgroup,
  join_network,
  mount_proc,
  mount_tmp,
  change_root,
  share_namespace,
  host_name,
  limits,
  user_namespace,
  user_ids,
  capabilities,
  role,
  descriptors,
  no_new_privileges,
  seccomp,
  exec,
};

/// "mount_proc" etc., for messages.
const char* to_string(StartStep step);

/// Where a first process finds its files: a root of the stage, and what is covered in its /proc.
struct ChildRoot {
  /// `folder` as in "/env". Host-wide files that say what the machine is doing are covered; the
  /// rest of the privileged ones deny by themselves, since "root" in here is an ordinary uid
  /// outside.
  static ChildRoot at(const std::string& folder, bool has_tmp);
  std::string folder;
  std::string null_device;
  std::string proc;
  std::string tmp;  ///< where the disk for /tmp is mounted; empty: nowhere
  std::vector<std::string> masked;
};

/// The program that a first process becomes.
struct ChildProgram {
  std::vector<const char*> arguments;  ///< the first is its path inside; ends with a null pointer
  std::vector<int> descriptors;        ///< become 0, 1, 2 ...; no others stay open
  /// 0: it starts the function as another user, with what that takes. Else it is this user, inside,
  /// without capabilities.
  unsigned uid = 0;
  unsigned gid = 0;
  std::uint64_t file_bytes_max = 0;  ///< how long it may make a file; 0: as the caller may
};

/// What one sandbox is started from; descriptors are borrowed.
struct ChildPlan {
  int role = -1;                       ///< pidfd of the calling process, with which the child ends
  int cgroup2_directory = -1;          ///< for CLONE_INTO_CGROUP, or -1
  std::vector<int> cgroup_task_files;  ///< the child writes "0" into each
  int user_namespace = -1;
  int network_namespace = -1;
  int tmp_mount = -1;  ///< detached mount for /tmp
  const ChildRoot* root = nullptr;
  const ChildProgram* program = nullptr;
  const FilterProgram* filter = nullptr;
};

struct Child {
  pid_t pid = -1;
  os::UniqueFd pidfd;
  /// Our end of a seqpacket socket: first the child's mount namespace as a descriptor, then a
  /// StartFailure if a step failed, else end of file at exec. Not blocking.
  os::UniqueFd status;
};

struct StartFailure {
  std::int32_t step = 0;
  std::int32_t os_errno = 0;
};

/// Takes the mount namespace that the child has sent. Needed because proa-init is not dumpable:
/// setns(2) by pidfd would take CAP_SYS_PTRACE. Errc: unavailable (it did not get so far), os.
Result<os::UniqueFd> take_mount_namespace(const Child& child);
/// The failure the child reported; step 0 if it did not.
StartFailure take_failure(const Child& child);

/// Clones the child. The calling process must be single-threaded and stand in the stage namespace,
/// where the plan's root is mounted. Errc: exhausted, os.
Result<Child> clone_child(const ChildPlan& plan);

}  // namespace proa::launcher
