#include "frames/init/children.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace proa::frames::init {
namespace {

// Reaped in one go before the link is looked at again: a flood of ending orphans must not keep
// init from hearing the host.
constexpr int kReapsPerTurn = 64;

void forget_signals(int signals) {
  signalfd_siginfo ignored{};
  while (::read(signals, &ignored, sizeof ignored) > 0) {
  }
}

}  // namespace

KillRound kill_everyone() {
  if (::kill(-1, SIGKILL) == 0) return KillRound::signalled;
  return errno == ESRCH ? KillRound::nobody_left : KillRound::failed;
}

int open_child_signals() {
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  return ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool reap(Control& control, int signals, MemoryWatch* watch) {
  forget_signals(signals);
  for (int i = 0; i < kReapsPerTurn; ++i) {
    int status = 0;
    rusage used{};
    const pid_t pid = ::wait4(-1, &status, WNOHANG | __WALL, &used);
    if (pid > 0) {
      if (watch != nullptr) watch->process_ended(static_cast<std::uint64_t>(used.ru_maxrss));
      control.process_ended(pid, status);
      continue;
    }
    if (pid < 0 && errno == ECHILD) control.no_children();
    return false;
  }
  return true;
}

int patience_ms(const Control& control, bool has_more_to_reap) {
  if (has_more_to_reap) return 0;
  return control.state() == Control::State::killing ? Control::kKillRoundMs : -1;
}

}  // namespace proa::frames::init
