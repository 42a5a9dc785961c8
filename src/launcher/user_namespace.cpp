#include "launcher/user_namespace.h"

#include "launcher/rootfs.h"
#include "os/file.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace proa::launcher {
namespace {

std::string map_of(std::uint32_t base, unsigned function_id) {
  return "0 " + std::to_string(base) + " 1\n" + std::to_string(function_id) + " " +
         std::to_string(base + 1) + " 1\n";
}

Result<os::UniqueFd> map_and_open(pid_t holder, std::uint32_t uid_base) {
  const std::string process = "/proc/" + std::to_string(holder);
  TRY(os::write_kernel_file(process + "/uid_map", map_of(uid_base, kFunctionUid)));
  TRY(os::write_kernel_file(process + "/gid_map", map_of(uid_base, kFunctionGid)));
  return os::open_file(process + "/ns/user", O_RDONLY);
}

}  // namespace

Result<os::UniqueFd> make_user_namespace(std::uint32_t uid_base) {
  // A process must stand in the namespace while its maps are written; it does nothing but wait.
  clone_args args{};
  args.flags = CLONE_NEWUSER;
  args.exit_signal = SIGCHLD;
  const long holder = ::syscall(SYS_clone3, &args, sizeof args);
  if (holder < 0) return os_error("clone3 with a new user namespace");
  if (holder == 0) {
    for (;;) ::pause();
  }
  auto opened = map_and_open(static_cast<pid_t>(holder), uid_base);
  ::kill(static_cast<pid_t>(holder), SIGKILL);
  while (::waitpid(static_cast<pid_t>(holder), nullptr, 0) < 0 && errno == EINTR) {
  }
  return opened;
}

}  // namespace proa::launcher
