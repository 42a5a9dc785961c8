#include "launcher/rootfs.h"
#include "launcher/spawn_role.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace proa::launcher {
namespace {

Result<void> make_folder(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0755) != 0) return os_error("create " + path.string());
  return ok();
}

Result<void> mount_at(const char* source, const std::filesystem::path& target, const char* type,
                      unsigned long flags, const char* options) {
  if (::mount(source, target.c_str(), type, flags, options) != 0) {
    return os_error("mount " + target.string());
  }
  return ok();
}

}  // namespace

Result<void> enter_stage(const LauncherConfig& config, const std::filesystem::path& stage) {
  if (::unshare(CLONE_NEWNS) != 0) return os_error("unshare mount namespace");
  TRY(mount_at(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  TRY(mount_at("proa", stage, "tmpfs", MS_NOSUID, "mode=0755,size=1m"));
  for (const char* name : {"env", "guest", "code", "kernels", "images", "proc"}) {
    TRY(make_folder(stage / name));
  }
  TRY(build_rootfs({stage / "env", config.runtimes_folder, config.init_program, config.mounts,
                    config.resolv_conf}));
  TRY(build_guest_root(stage / "guest"));
  for (const char* name : {"code", "kernels", "images"}) {
    TRY(mount_at((config.data_folder / name).c_str(), stage / name, nullptr, MS_BIND, nullptr));
  }
  TRY(mount_at("proc", stage / "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
  if (::chdir(stage.c_str()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    return os_error("pivot to " + stage.string());
  }
  return ok();
}

}  // namespace proa::launcher
