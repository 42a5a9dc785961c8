#include "launcher/sandbox_child.h"

#include "os/seqpacket.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace proa::launcher {
namespace {

constexpr int kControlFd = 3;
constexpr int kStatusFd = 4;
// Lambda: 1,024 descriptors
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
constexpr rlim_t kDescriptors = 1024;

// Runs in the child only. Every step returns 0 or errno; nothing here allocates.
class ChildSetup {
 public:
  explicit ChildSetup(const ChildPlan& plan) : plan_(plan) {}

  [[noreturn]] void run(int status) {
    step(StartStep::join_cgroup, join_cgroup(), status);
    step(StartStep::join_network, ::setns(plan_.network_namespace, CLONE_NEWNET), status);
    step(StartStep::mount_proc, mount_proc(), status);
    step(StartStep::mount_tmp, mount_tmp(), status);
    step(StartStep::change_root, change_root(), status);
    step(StartStep::share_namespace, share_namespace(status), status);
    step(StartStep::host_name, ::sethostname("sandbox", 7), status);
    step(StartStep::limits, set_limits(), status);
    step(StartStep::user_namespace, ::setns(plan_.user_namespace, CLONE_NEWUSER), status);
    step(StartStep::user_ids, set_ids(), status);
    step(StartStep::role, check_role(), status);
    const int arranged = arrange_descriptors(status);  // moves `status`
    step(StartStep::descriptors, arranged, status);
    step(StartStep::capabilities, drop_capabilities(), status);
    step(StartStep::no_new_privileges, ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), status);
    const int filter = install_filter(*plan_.filter);
    if (filter != 0) fail(StartStep::seccomp, filter, status);
    ::execve("/var/runtime/proa-init", const_cast<char* const*>(kArguments),
             const_cast<char* const*>(kArguments + 1));
    fail(StartStep::exec, errno, status);
  }

 private:
  static constexpr const char* kArguments[] = {"proa-init", nullptr, nullptr};

  [[noreturn]] static void fail(StartStep step, int error, int status) {
    const StartFailure failure{static_cast<std::int32_t>(step), error};
    (void)!::write(status, &failure, sizeof failure);
    ::_exit(127);
  }

  static void step(StartStep name, int result, int status) {
    if (result != 0) fail(name, errno, status);
  }

  // v1: the single thread of this process attaches itself. clone3 put it into the v2 group. The
  // cgroup namespace comes afterwards, so that every group it is in is the root of what it sees.
  int join_cgroup() const {
    for (const int tasks : plan_.cgroup_task_files) {
      if (::write(tasks, "0", 1) != 1) return -1;
    }
    return ::unshare(CLONE_NEWCGROUP);
  }

  // A fresh procfs shows this pid namespace only. Host-wide files that say what the machine is
  // doing are covered; the rest of the privileged ones deny by themselves, since "root" in here is
  // an ordinary uid outside.
  int mount_proc() const {
    if (::mount("proc", "/env/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
      return -1;
    for (const char* path : *plan_.masked_proc) {
      if (::mount("/env/dev/null", path, nullptr, MS_BIND, nullptr) != 0) return -1;
    }
    return 0;
  }

  int mount_tmp() const {
    return ::move_mount(plan_.tmp_mount, "", AT_FDCWD, "/env/tmp", MOVE_MOUNT_F_EMPTY_PATH);
  }

  // pivot_root(".", ".") stacks the old root on the new one; detaching it leaves only ours
  // (pivot_root(2), "Notes").
  static int change_root() {
    if (::chdir("/env") != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) return -1;
    if (::umount2(".", MNT_DETACH) != 0) return -1;
    return ::chdir("/");
  }

  static int share_namespace(int status) {
    const int space = ::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (space < 0) return -1;
    const bool is_sent =
        os::send_message(status, std::as_bytes(std::span("n", 1)), std::span(&space, 1))
            .has_value();
    ::close(space);
    return is_sent ? 0 : -1;
  }

  static int set_limits() {
    const rlimit descriptors{kDescriptors, kDescriptors};
    const rlimit core{0, 0};
    if (::setrlimit(RLIMIT_NOFILE, &descriptors) != 0) return -1;
    return ::setrlimit(RLIMIT_CORE, &core);
  }

  static int set_ids() {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
      return -1;
    // After the id changes, which clear it: if the launcher dies, so does everything in here.
    return ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  }

  // A role that died before the step above sends no signal any more. getppid() does not tell: the
  // role is in no namespace of ours, so it is always 0.
  int check_role() const {
    // Takes the kernel's lock of the process table: a role that is just ending, and was past its
    // signals before we asked for one, is seen as ended by what comes next.
    ::waitpid(-1, nullptr, WNOHANG);
    pollfd role{plan_.role, POLLIN, 0};
    const int ready = ::poll(&role, 1, 0);
    if (ready > 0) errno = ESRCH;
    return ready == 0 ? 0 : -1;
  }

  // 0, 1, 2 = /dev/null, 3 = control, 4 = status (closed by exec); everything else is closed. On
  // failure `status` is where the failure can still be told.
  int arrange_descriptors(int& status) const {
    // Sources are moved above the targets first, so that no dup2 overwrites a later source.
    const int control = ::fcntl(plan_.control, F_DUPFD, 16);
    const int null_device = ::fcntl(plan_.null_device, F_DUPFD, 16);
    const int high_status = ::fcntl(status, F_DUPFD, 16);
    if (control < 0 || null_device < 0 || high_status < 0) return -1;
    status = high_status;
    for (int fd = 0; fd < 3; ++fd) {
      if (::dup2(null_device, fd) < 0) return -1;
    }
    if (::dup2(control, kControlFd) < 0 || ::dup3(high_status, kStatusFd, O_CLOEXEC) < 0) return -1;
    status = kStatusFd;
    return ::close_range(kStatusFd + 1, ~0U, 0);
  }

  // proa-init keeps what it needs to start the function as another user and to end it; the
  // function itself gets none (proa-init drops them before exec).
  static int drop_capabilities() {
    constexpr std::uint32_t kKept =
        (1U << CAP_SETUID) | (1U << CAP_SETGID) | (1U << CAP_KILL) | (1U << CAP_SETPCAP);
    for (int capability = 0; capability <= 63; ++capability) {
      const bool is_kept = capability < 32 && (kKept & (1U << capability)) != 0;
      if (!is_kept && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
        if (errno == EINVAL) break;  // past the kernel's last capability
        return -1;
      }
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, 2> sets{{{kKept, kKept, 0}, {0, 0, 0}}};
    return static_cast<int>(::syscall(SYS_capset, &header, sets.data()));
  }

  const ChildPlan& plan_;
};

}  // namespace

const char* to_string(StartStep step) {
  static constexpr std::array<const char*, 17> kNames = {"none",
                                                         "join cgroup",
                                                         "join network namespace",
                                                         "mount /proc",
                                                         "mount /tmp",
                                                         "change root",
                                                         "share mount namespace",
                                                         "set host name",
                                                         "set limits",
                                                         "join user namespace",
                                                         "set user ids",
                                                         "find the launcher's role alive",
                                                         "arrange descriptors",
                                                         "drop capabilities",
                                                         "set no_new_privs",
                                                         "install seccomp filter",
                                                         "exec proa-init"};
  const auto index = static_cast<std::size_t>(step);
  return index < kNames.size() ? kNames[index] : "unknown step";
}

Result<os::UniqueFd> take_mount_namespace(const Child& child) {
  auto message = os::receive_message(child.status.get());
  if (!message || message.value().fds.size() != 1) {
    return Error(Errc::unavailable, "environment did not start");
  }
  return std::move(message.value().fds.front());
}

StartFailure take_failure(const Child& child) {
  StartFailure failure;
  for (;;) {
    auto message = os::receive_message(child.status.get());
    if (!message) return failure;
    if (message.value().fds.empty() && message.value().bytes.size() == sizeof failure) {
      std::memcpy(&failure, message.value().bytes.data(), sizeof failure);
      return failure;
    }
  }
}

Result<Child> clone_child(const ChildPlan& plan) {
  TRY(auto ends, os::seqpacket_pair());
  ::fcntl(ends.first.get(), F_SETFL, O_NONBLOCK);
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  if (plan.cgroup2_directory >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(plan.cgroup2_directory);
  }
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return os_error("clone3");
  if (pid == 0) ChildSetup(plan).run(ends.second.get());
  return Child{static_cast<pid_t>(pid), os::UniqueFd(pidfd), std::move(ends.first)};
}

}  // namespace proa::launcher
