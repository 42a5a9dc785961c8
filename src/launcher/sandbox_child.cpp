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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace proa::launcher {
namespace {

constexpr std::size_t kMaxInherited = 16;
// Host-wide state that has no business in an environment. Absent ones are skipped.
constexpr auto kMaskedProc = std::to_array<const char*>(
    {"kcore", "keys", "key-users", "timer_list", "sysrq-trigger", "cmdline", "modules", "kallsyms",
     "sched_debug", "interrupts", "partitions", "diskstats", "swaps", "locks", "config.gz"});
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
    step(StartStep::capabilities, drop_capabilities(), status);
    step(StartStep::role, check_role(), status);
    const int arranged = arrange_descriptors(status);  // moves `status`
    step(StartStep::descriptors, arranged, status);
    step(StartStep::no_new_privileges, ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), status);
    const int filter = install_filter(*plan_.filter);
    if (filter != 0) fail(StartStep::seccomp, filter, status);
    constexpr const char* kNoVariables[] = {nullptr};
    const auto& arguments = plan_.program->arguments;
    ::execve(arguments.front(), const_cast<char* const*>(arguments.data()),
             const_cast<char* const*>(kNoVariables));
    fail(StartStep::exec, errno, status);
  }

 private:
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

  // A fresh procfs shows this pid namespace only.
  int mount_proc() const {
    const ChildRoot& root = *plan_.root;
    constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (::mount("proc", root.proc.c_str(), "proc", kFlags, nullptr) != 0) return -1;
    for (const std::string& path : root.masked) {
      if (::mount(root.null_device.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0)
        return -1;
    }
    return 0;
  }

  int mount_tmp() const {
    if (plan_.root->tmp.empty()) return 0;
    return ::move_mount(plan_.tmp_mount, "", AT_FDCWD, plan_.root->tmp.c_str(),
                        MOVE_MOUNT_F_EMPTY_PATH);
  }

  // pivot_root(".", ".") stacks the old root on the new one; detaching it leaves only ours
  // (pivot_root(2), "Notes").
  int change_root() const {
    if (::chdir(plan_.root->folder.c_str()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0)
      return -1;
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

  int set_limits() const {
    const rlimit descriptors{kDescriptors, kDescriptors};
    const rlimit core{0, 0};
    if (::setrlimit(RLIMIT_NOFILE, &descriptors) != 0) return -1;
    const rlimit file{plan_.program->file_bytes_max, plan_.program->file_bytes_max};
    if (file.rlim_max != 0 && ::setrlimit(RLIMIT_FSIZE, &file) != 0) return -1;
    return ::setrlimit(RLIMIT_CORE, &core);
  }

  static int set_ids() {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0) return -1;
    return ::setresuid(0, 0, 0);
  }

  // If the launcher dies, so does everything in here. After the changes of ids, which clear the
  // signal. A role that died before sends none any more; getppid() does not tell: the role is in no
  // namespace of ours, so it is always 0.
  int check_role() const {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    // Takes the kernel's lock of the process table: a role that is just ending, and was past its
    // signals before we asked for one, is seen as ended by what comes next.
    ::waitpid(-1, nullptr, WNOHANG);
    pollfd role{plan_.role, POLLIN, 0};
    const int ready = ::poll(&role, 1, 0);
    if (ready > 0) errno = ESRCH;
    return ready == 0 ? 0 : -1;
  }

  // The program's, then status (closed by exec); everything else is closed. On failure `status` is
  // where the failure can still be told.
  int arrange_descriptors(int& status) const {
    const auto& wanted = plan_.program->descriptors;
    if (wanted.size() > kMaxInherited) {
      errno = EMFILE;
      return -1;
    }
    // Sources are moved above the targets first, so that no dup2 overwrites a later source.
    std::array<int, kMaxInherited> sources{};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      sources[i] = ::fcntl(wanted[i], F_DUPFD, static_cast<int>(kMaxInherited) + 1);
      if (sources[i] < 0) return -1;
    }
    const int high_status = ::fcntl(status, F_DUPFD, static_cast<int>(kMaxInherited) + 1);
    if (high_status < 0) return -1;
    status = high_status;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (::dup2(sources[i], static_cast<int>(i)) < 0) return -1;
    }
    const int low_status = static_cast<int>(wanted.size());
    if (::dup3(high_status, low_status, O_CLOEXEC) < 0) return -1;
    status = low_status;
    return ::close_range(static_cast<unsigned>(low_status) + 1, ~0U, 0);
  }

  // proa-init keeps what it needs to start the function as another user and to end it; the
  // function itself gets none (proa-init drops them before exec). QEMU, another user, has none.
  int drop_capabilities() const {
    constexpr std::uint32_t kOfInit =
        (1U << CAP_SETUID) | (1U << CAP_SETGID) | (1U << CAP_KILL) | (1U << CAP_SETPCAP);
    const bool is_init = plan_.program->uid == 0;
    const std::uint32_t kept = is_init ? kOfInit : 0;
    for (int capability = 0; capability <= 63; ++capability) {
      const bool is_kept = capability < 32 && (kept & (1U << capability)) != 0;
      if (!is_kept && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
        if (errno == EINVAL) break;  // past the kernel's last capability
        return -1;
      }
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    const unsigned uid = plan_.program->uid;
    const unsigned gid = plan_.program->gid;
    if (!is_init && (::setresgid(gid, gid, gid) != 0 || ::setresuid(uid, uid, uid) != 0)) return -1;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, 2> sets{{{kept, kept, 0}, {0, 0, 0}}};
    return static_cast<int>(::syscall(SYS_capset, &header, sets.data()));
  }

  const ChildPlan& plan_;
};

}  // namespace

ChildRoot ChildRoot::at(const std::string& folder, bool has_tmp) {
  ChildRoot root;
  root.folder = folder;
  root.null_device = folder + "/dev/null";
  root.proc = folder + "/proc";
  if (has_tmp) root.tmp = folder + "/tmp";
  for (const char* name : kMaskedProc) {
    struct stat ignored {};
    if (::stat((std::string("/proc/") + name).c_str(), &ignored) != 0) continue;
    root.masked.push_back(root.proc + "/" + name);
  }
  return root;
}

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
                                                         "drop capabilities",
                                                         "find the launcher's role alive",
                                                         "arrange descriptors",
                                                         "set no_new_privs",
                                                         "install seccomp filter",
                                                         "execute the program"};
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
