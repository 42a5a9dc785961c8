#include "launcher/seccomp_filter.h"

#include "unit/launcher/filtered_child.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>

namespace proa::launcher {
namespace {

// errno of `call` in a child under the filter of function code; 0 when it succeeds.
int errno_inside(const std::function<long()>& call) {
  static const auto program = build_sandbox_filter();
  return test::errno_under(program, call);
}

TEST(SandboxFilter, NoNamespacesAndMounts) {
  EXPECT_EQ(errno_inside([] { return ::unshare(CLONE_NEWUSER); }), EPERM);
  EXPECT_EQ(errno_inside([] { return ::syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0); }),
            EPERM);
  EXPECT_EQ(errno_inside([] { return ::mount("a", "/b", "tmpfs", 0, nullptr); }), EPERM);
  EXPECT_EQ(errno_inside([] { return ::syscall(SYS_setns, 0, 0); }), EPERM);
}

TEST(SandboxFilter, NoWayIntoTheKernelOrOthers) {
  EXPECT_EQ(errno_inside([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }), EPERM);
  EXPECT_EQ(errno_inside([] { return ::syscall(SYS_bpf, 0, nullptr, 0); }), EPERM);
  EXPECT_EQ(errno_inside([] { return ::syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0); }),
            EPERM);
  EXPECT_EQ(errno_inside([] { return ::syscall(SYS_keyctl, 0, -3, 0); }), EPERM);
  EXPECT_EQ(errno_inside([] { return ::socket(AF_PACKET, SOCK_RAW, 0); }), EPERM);
  EXPECT_EQ(errno_inside([] { return ::socket(AF_VSOCK, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(errno_inside([] { return ::ioctl(0, TIOCSTI, "x"); }), EPERM);
}

TEST(SandboxFilter, CallsThatLibrariesCanDoWithoutDoNotExist) {
  EXPECT_EQ(errno_inside([] { return ::syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  EXPECT_EQ(errno_inside([] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }), ENOSYS);
}

TEST(SandboxFilter, OrdinaryProgramsWork) {
  EXPECT_EQ(errno_inside([] { return ::socket(AF_INET6, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(errno_inside([] {
              std::array<int, 2> ends{};
              return ::pipe(ends.data());
            }),
            0);
  EXPECT_EQ(errno_inside([] {
              const pid_t child = ::fork();
              if (child == 0) ::_exit(0);
              return static_cast<long>(::waitpid(child, nullptr, 0));
            }),
            0);
}

TEST(SandboxFilter, MoreCallsCanBeAllowedAndTheKernelTakesTheProgram) {
  const std::array<const char*, 1> more{"unshare"};
  EXPECT_TRUE(build_filter_with(more));
  const auto plain = build_filter_with({});
  ASSERT_TRUE(plain);
  EXPECT_LT(plain.value().size(), 4096U) << "the kernel takes no longer programs";
}

}  // namespace
}  // namespace proa::launcher
