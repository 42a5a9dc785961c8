#include "frames/init/process.h"

#include "frames/init/files.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace proa::frames::init {
namespace {

// Linux' capability.h is not there with musl. capset(2), version 3: two words of 32 capabilities.
constexpr std::uint32_t kCapabilityVersion = 0x20080522;
struct CapabilityHeader {
  std::uint32_t version;
  int pid;
};
struct CapabilitySet {
  std::uint32_t effective;
  std::uint32_t permitted;
  std::uint32_t inheritable;
};

constexpr int kSignalMax = 64;
constexpr std::size_t kStackSize = std::size_t{16} * 1024;

/// What the child needs, and where it says what failed: it shares init's memory until execve.
struct Launch {
  const StartView* view;
  std::span<const int> descriptors;
  const char** argv;
  const char** envp;
  std::string_view oom_score;
  volatile int error;
};

// Raw calls: the C library's wrappers keep books about threads, which a child that shares memory
// must not touch.
bool call_ok(long number, long a = 0, long b = 0, long c = 0) {
  return ::syscall(number, a, b, c) == 0;
}

// Moves descriptor i of the list to i and closes all others.
bool arrange_descriptors(std::span<const int> descriptors) {
  std::array<int, kMaxStartDescriptors> sources{};
  const int count = static_cast<int>(descriptors.size());
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    sources[i] = descriptors[i];
    if (sources[i] >= count) continue;
    // In the way of a target: out of it first.
    sources[i] = ::fcntl(sources[i], F_DUPFD_CLOEXEC, count);
    if (sources[i] < 0) return false;
  }
  for (int i = 0; i < count; ++i) {
    if (::dup2(sources[static_cast<std::size_t>(i)], i) < 0) return false;
  }
  return call_ok(SYS_close_range, count, ~0U, 0);
}

// Not permitted where /proc is not mounted or the value may not be raised; then it stays.
void set_oom_score(std::string_view score) {
  static_cast<void>(write_whole("/proc/self/oom_score_adj", score));
}

// The bounding set can only be emptied with CAP_SETPCAP, which init need not have: no_new_privs
// makes sure that what is left in it can never be gained.
bool drop_bounding_set() {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    return errno == EPERM || errno == EINVAL;  // EINVAL: past the last one
  }
  return true;
}

bool become(std::uint32_t uid, std::uint32_t gid) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !drop_bounding_set()) return false;
  // A user namespace made without privileges denies setgroups; its groups grant nothing new then.
  if (!call_ok(SYS_setgroups, 0, 0) && errno != EPERM) return false;
  if (!call_ok(SYS_setresgid, gid, gid, gid) || !call_ok(SYS_setresuid, uid, uid, uid))
    return false;
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return false;
  CapabilityHeader header{.version = kCapabilityVersion, .pid = 0};
  const std::array<CapabilitySet, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

bool unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

bool prepare(const Launch& launch) {
  if (::setsid() < 0) return false;
  set_oom_score(
      launch.oom_score);  // before the change of user, after which the file belongs to another
  return arrange_descriptors(launch.descriptors) && become(launch.view->uid, launch.view->gid) &&
         ::chdir(launch.view->directory.data()) == 0 && unblock_signals();
}

int run_child(void* argument) {
  auto& launch = *static_cast<Launch*>(argument);
  if (prepare(launch)) {
    // execve(2) promises not to change the strings; its type is older than const.
    ::execve(launch.argv[0], const_cast<char* const*>(launch.argv),
             const_cast<char* const*>(launch.envp));
  }
  launch.error = errno;
  ::_exit(127);
}

}  // namespace

Started start_process(const StartView& view, std::span<const int> descriptors,
                      std::string_view oom_score) {
  std::array<const char*, kMaxStartArguments + 1> argv{};
  std::array<const char*, kMaxStartVariables + 1> envp{};
  start_pointers(view, argv, envp);
  Launch launch{&view, descriptors, argv.data(), envp.data(), oom_score, 0};
  // The child shares memory and init waits until it has called execve or ended (as posix_spawn
  // does): no page tables are copied, and the errno comes back without a pipe. Nobody can meddle
  // with it in between: no other process lives when Control starts one.
  alignas(16) std::array<std::byte, kStackSize> stack{};
  const int pid =
      ::clone(run_child, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
  if (pid < 0) return {.pid = -1, .error = errno};
  if (launch.error == 0) return {.pid = pid, .error = 0};
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return {.pid = -1, .error = launch.error};
}

bool quiet_signals() {
  sigset_t all;
  ::sigfillset(&all);
  if (::sigprocmask(SIG_SETMASK, &all, nullptr) != 0) return false;
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal <= kSignalMax; ++signal) {
    // Refused for SIGKILL, SIGSTOP and the two that the C library keeps for itself.
    ::sigaction(signal, &standard, nullptr);
  }
  return true;
}

}  // namespace proa::frames::init
