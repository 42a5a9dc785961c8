#include "launcher/seccomp_filter.h"

#include "os/file.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace proa::launcher {
namespace {

// Allowed without conditions. The base is what Docker and podman allow by default
// (containers/common, seccomp.json), less what a function has no use for.
constexpr auto kAllowed = std::to_array<const char*>({
    "accept",
    "accept4",
    "access",
    "alarm",
    "arch_prctl",
    "bind",
    "brk",
    "cachestat",
    "capget",
    "capset",
    "chdir",
    "chmod",
    "chown",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "close_range",
    "connect",
    "copy_file_range",
    "creat",
    "dup",
    "dup2",
    "dup3",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd",
    "eventfd2",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fchdir",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchownat",
    "fcntl",
    "fdatasync",
    "fgetxattr",
    "flistxattr",
    "flock",
    "fork",
    "fremovexattr",
    "fsetxattr",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "futex",
    "futex_wait",
    "futex_wake",
    "futex_requeue",
    "futex_waitv",
    "getcpu",
    "getcwd",
    "getdents",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getitimer",
    "getpeername",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "get_robust_list",
    "getrusage",
    "getsid",
    "getsockname",
    "getsockopt",
    "gettid",
    "gettimeofday",
    "getuid",
    "getxattr",
    "inotify_add_watch",
    "inotify_init",
    "inotify_init1",
    "inotify_rm_watch",
    "io_cancel",
    "io_destroy",
    "io_getevents",
    "io_pgetevents",
    "io_setup",
    "io_submit",
    "ioprio_get",
    "ioprio_set",
    "kill",
    "landlock_add_rule",
    "landlock_create_ruleset",
    "landlock_restrict_self",
    "lchown",
    "lgetxattr",
    "link",
    "linkat",
    "listen",
    "listxattr",
    "llistxattr",
    "lremovexattr",
    "lseek",
    "lsetxattr",
    "lstat",
    "madvise",
    "membarrier",
    "memfd_create",
    "mincore",
    "mkdir",
    "mkdirat",
    "mlock",
    "mlock2",
    "mlockall",
    "mmap",
    "mprotect",
    "mq_getsetattr",
    "mq_notify",
    "mq_open",
    "mq_timedreceive",
    "mq_timedsend",
    "mq_unlink",
    "mremap",
    "mseal",
    "msgctl",
    "msgget",
    "msgrcv",
    "msgsnd",
    "msync",
    "munlock",
    "munlockall",
    "munmap",
    "name_to_handle_at",
    "nanosleep",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pause",
    "pidfd_open",
    "pidfd_send_signal",
    "pipe",
    "pipe2",
    "pkey_alloc",
    "pkey_free",
    "pkey_mprotect",
    "poll",
    "ppoll",
    "prctl",
    "pread64",
    "preadv",
    "preadv2",
    "prlimit64",
    "pselect6",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readahead",
    "readlink",
    "readlinkat",
    "readv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "removexattr",
    "rename",
    "renameat",
    "renameat2",
    "restart_syscall",
    "rmdir",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigqueueinfo",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_tgsigqueueinfo",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getscheduler",
    "sched_rr_get_interval",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    "sched_yield",
    "seccomp",
    "select",
    "semctl",
    "semget",
    "semop",
    "semtimedop",
    "sendfile",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setfsgid",
    "setfsuid",
    "setgid",
    "setgroups",
    "setitimer",
    "setpgid",
    "setpriority",
    "setregid",
    "setresgid",
    "setresuid",
    "setreuid",
    "setrlimit",
    "set_robust_list",
    "setsid",
    "setsockopt",
    "set_tid_address",
    "setuid",
    "setxattr",
    "shmat",
    "shmctl",
    "shmdt",
    "shmget",
    "shutdown",
    "sigaltstack",
    "signalfd",
    "signalfd4",
    "socketpair",
    "splice",
    "stat",
    "statfs",
    "statx",
    "symlink",
    "symlinkat",
    "sync",
    "sync_file_range",
    "syncfs",
    "sysinfo",
    "tee",
    "tgkill",
    "time",
    "timer_create",
    "timer_delete",
    "timer_getoverrun",
    "timer_gettime",
    "timer_settime",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    "times",
    "tkill",
    "truncate",
    "umask",
    "uname",
    "unlink",
    "unlinkat",
    "utime",
    "utimensat",
    "utimes",
    "vfork",
    "vmsplice",
    "wait4",
    "waitid",
    "write",
    "writev",
});

// ENOSYS, not EPERM: the C library and runtimes then take an older way.
constexpr auto kNoSuchCall = std::to_array<const char*>({
    "clone3",  // its flags lie in memory a filter cannot read, so namespaces could hide there
    "io_uring_setup",  // libuv falls back to threads
    "io_uring_enter",
    "io_uring_register",
    "process_madvise",
    "userfaultfd",
});

constexpr std::uint64_t kNamespaceFlags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                          CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                          CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */;

struct Rule {
  const char* name;
  scmp_arg_cmp condition;
};

// Adds `name` with `action`; one that this libseccomp does not know stays refused.
Result<void> add_rule(scmp_filter_ctx filter, std::uint32_t action, const char* name,
                      const scmp_arg_cmp* condition = nullptr) {
  const int number = ::seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return ok();
  if (::seccomp_rule_add_array(filter, action, number, condition == nullptr ? 0 : 1, condition) !=
      0) {
    return Error(Errc::internal, std::string("seccomp rule for ") + name);
  }
  return ok();
}

Result<void> add_ordinary_rules(scmp_filter_ctx filter) {
  for (const char* name : kAllowed) {
    TRY(add_rule(filter, SCMP_ACT_ALLOW, name));
  }
  const auto rules = std::to_array<Rule>({
      {"clone", SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaceFlags, 0)},
      {"socket", SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0)},
      {"socket", SCMP_A0(SCMP_CMP_EQ, AF_INET, 0)},
      {"socket", SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0)},
      {"socket", SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0)},  // getifaddrs; changes need capabilities
      {"personality", SCMP_A0(SCMP_CMP_EQ, PER_LINUX, 0)},
      {"personality", SCMP_A0(SCMP_CMP_EQ, 0xffffffff, 0)},  // query
      // Every terminal and block ioctl that matters needs a device we do not give; these two inject
      // input into a controlling terminal (CVE-2016-2568, TIOCLINUX).
      {"ioctl", SCMP_A1(SCMP_CMP_NE, TIOCSTI, 0)},
  });
  for (const Rule& rule : rules) {
    TRY(add_rule(filter, SCMP_ACT_ALLOW, rule.name, &rule.condition));
  }
  return ok();
}

using Filter = std::unique_ptr<void, void (*)(void*)>;

Result<Filter> new_filter() {
  Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), ::seccomp_release);
  if (!filter) return Error(Errc::exhausted, "seccomp_init");
  if (::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0) {
    return Error(Errc::internal, "libseccomp has no binary tree");
  }
  // A 32-bit program would make calls by other numbers: kill it rather than guess.
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  TRY(add_ordinary_rules(filter.get()));
  return filter;
}

Result<FilterProgram> program_of(const Filter& filter) {
  os::UniqueFd out(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!out) return os_error("memfd_create");
  if (::seccomp_export_bpf(filter.get(), out.get()) != 0) {
    return Error(Errc::internal, "seccomp_export_bpf");
  }
  TRY(auto bytes, os::read_all(out.get()));
  FilterProgram program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  return program;
}

}  // namespace

Result<FilterProgram> build_sandbox_filter() {
  TRY(auto filter, new_filter());
  for (const char* name : kNoSuchCall) {
    TRY(add_rule(filter.get(), SCMP_ACT_ERRNO(ENOSYS), name));
  }
  return program_of(filter);
}

Result<FilterProgram> build_filter_with(std::span<const char* const> more) {
  TRY(auto filter, new_filter());
  for (const char* name : more) {
    TRY(add_rule(filter.get(), SCMP_ACT_ALLOW, name));
  }
  return program_of(filter);
}

int install_filter(const FilterProgram& program) {
  sock_fprog argument{static_cast<unsigned short>(program.size()),
                      const_cast<sock_filter*>(program.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &argument) == 0 ? 0 : errno;
}

}  // namespace proa::launcher
