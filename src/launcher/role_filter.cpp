#include "launcher/role_filter.h"

#include <array>
#include <span>

namespace proa::launcher {
namespace {

// Besides what ordinary programs use. Found with strace over the whole suite: each serves what the
// line says.
constexpr auto kSpawnCalls = std::to_array<const char*>({
    "clone3",
    "setns",
    "unshare",  // environments
    "mount",
    "umount2",
    "pivot_root",
    "move_mount",
    "mount_setattr",  // their root
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",  // code and layers
    "sethostname",
});
constexpr auto kPoolCalls = std::to_array<const char*>({
    "clone3", "setns", "unshare",     // namespaces
    "fsopen", "fsconfig", "fsmount",  // disks, not yet mounted anywhere
    "open_tree", "umount2",           //
    "bpf",                            // the router's map of environments, and programs for guests
});

std::span<const char* const> calls_of(Role role) {
  if (role == Role::spawn) return kSpawnCalls;
  return kPoolCalls;
}

}  // namespace

Result<FilterProgram> build_role_filter(Role role) { return build_filter_with(calls_of(role)); }

Result<void> confine(Role role) {
  TRY(auto program, build_role_filter(role));
  const int failed = install_filter(program);
  if (failed != 0) return os_error("install the role's seccomp filter", failed);
  return ok();
}

}  // namespace proa::launcher
