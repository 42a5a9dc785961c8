#include "launcher/role_filter.h"

#include "unit/launcher/filtered_child.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/reboot.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>

namespace proa::launcher {
namespace {

// errno of `call` in a child under `role`'s filter; 0 when it succeeds.
int errno_under(Role role, const std::function<long()>& call) {
  return test::errno_under(build_role_filter(role), call);
}

TEST(RoleFilter, RefusesWhatNoRoleIsFor) {
  for (const Role role : {Role::spawn, Role::pool}) {
    EXPECT_EQ(errno_under(role, [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }),
              EPERM);
    EXPECT_EQ(errno_under(role, [] { return ::syscall(SYS_init_module, nullptr, 0, ""); }), EPERM);
    EXPECT_EQ(errno_under(role, [] { return ::syscall(SYS_open_by_handle_at, -1, nullptr, 0); }),
              EPERM);
    EXPECT_EQ(errno_under(role, [] { return ::syscall(SYS_keyctl, 0, -3, 0); }), EPERM);
    EXPECT_EQ(errno_under(role, [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }), EPERM);
    EXPECT_EQ(errno_under(role,
                          [] {
                            return ::syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, 0,
                                             LINUX_REBOOT_CMD_CAD_OFF, nullptr);
                          }),
              EPERM);
    EXPECT_EQ(errno_under(role, [] { return ::socket(AF_PACKET, SOCK_RAW, 0); }), EPERM);
  }
}

TEST(RoleFilter, ARoleMayNotDoTheOthersWork) {
  // A nonsensical call reaches the kernel, which finds its fault, only from the role it is for.
  const auto wrong_bpf = [] { return ::syscall(SYS_bpf, 9'999, nullptr, 0); };
  EXPECT_EQ(errno_under(Role::spawn, wrong_bpf), EPERM);
  EXPECT_EQ(errno_under(Role::pool, wrong_bpf), EINVAL);
  const auto wrong_mount = [] {
    return ::mount("a", "/nowhere/at/all", nullptr, MS_BIND, nullptr);
  };
  EXPECT_EQ(errno_under(Role::pool, wrong_mount), EPERM);
  EXPECT_EQ(errno_under(Role::spawn, wrong_mount), ::geteuid() == 0 ? ENOENT : EPERM);
  EXPECT_EQ(errno_under(Role::pool, [] { return ::syscall(SYS_pivot_root, "/x", "/y"); }), EPERM);
}

TEST(RoleFilter, LetsOrdinaryWorkAndItsOwnPass) {
  for (const Role role : {Role::spawn, Role::pool}) {
    EXPECT_EQ(errno_under(role, [] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }), 0);
    EXPECT_EQ(errno_under(role,
                          [] {
                            const pid_t child = ::fork();
                            if (child == 0) ::_exit(0);
                            return static_cast<long>(::waitpid(child, nullptr, 0));
                          }),
              0);
    EXPECT_EQ(errno_under(role, [] { return ::unshare(0); }), 0);
  }
}

TEST(RoleFilter, FunctionCodeSeesItsOwnAnswersThroughTheSpawnRolesFilter) {
  const auto sandbox = build_sandbox_filter();
  ASSERT_TRUE(sandbox);
  const auto under_both = [&](const std::function<long()>& call) {
    return errno_under(Role::spawn, [&] {
      if (install_filter(sandbox.value()) != 0) return -1L;
      return call();
    });
  };
  // The later filter's errno counts: libraries fall back on ENOSYS, as without the first filter.
  EXPECT_EQ(under_both([] { return ::syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  EXPECT_EQ(under_both([] { return ::unshare(CLONE_NEWUSER); }), EPERM);
  EXPECT_EQ(under_both([] { return static_cast<long>(::getpid()); }), 0);
}

}  // namespace
}  // namespace proa::launcher
