#include "launcher/supervisor.h"

#include "base/units.h"
#include "os/seqpacket.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace proa::launcher {
namespace {

struct Pipes {
  std::vector<os::UniqueFd> daemon;
  std::vector<os::UniqueFd> role;
};

Result<Pipes> connections(std::uint32_t count) {
  Pipes pipes;
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY(auto pair, os::seqpacket_pair());
    pipes.daemon.push_back(std::move(pair.first));
    pipes.role.push_back(std::move(pair.second));
  }
  return pipes;
}

void begin_role(const char* name) {
  ::prctl(PR_SET_NAME, name, 0, 0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Roles that fall over at once would be started for ever.
constexpr int kMaxStarts = 10;
constexpr auto kStartWindow = std::chrono::minutes(1);
constexpr auto kStopTime = std::chrono::seconds(20);

}  // namespace

int Supervisor::run() {
  // Ctrl-C goes to the whole group: only the daemon decides when it is over.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t child_only;
  ::sigemptyset(&child_only);
  ::sigaddset(&child_only, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_only, nullptr);
  child_signals_.reset(::signalfd(-1, &child_only, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!child_signals_) {
    report("supervisor", os_error("signalfd"));
    return 1;
  }
  const int status = keep_roles();
  instance_.give_back();
  return status;
}

int Supervisor::keep_roles() {
  std::vector<SteadyTime> starts;
  for (;;) {
    starts.push_back(std::chrono::steady_clock::now());
    if (starts.size() > kMaxStarts &&
        starts.back() - starts[starts.size() - kMaxStarts] < kStartWindow) {
      report("supervisor", Error(Errc::internal, "the roles end as soon as they start: giving up"));
      return 1;
    }
    if (auto started = start_roles(); !started) {
      report("supervisor", started.error());
      stop_roles();
      return 1;
    }
    const char* lost = wait_for_loss();
    stop_roles();
    // A daemon that stops lets go of the roles a moment before it lets go of us.
    if (lost == nullptr || is_daemon_gone()) return 0;
    report("supervisor", Error(Errc::internal, lost));
  }
}

Result<void> Supervisor::start_roles() {
  TRY(auto spawn, connections(config_.shards));
  TRY(auto pool, connections(config_.shards));
  TRY(auto peers, os::seqpacket_pair());
  // The children inherit copies of everything; each closes what is not its own by moving only its
  // part into RoleStart and dropping the rest before it serves.
  const pid_t supervisor = ::getpid();
  pool_ = ::fork();
  if (pool_ < 0) return os_error("fork the pool role");
  if (pool_ == 0) {
    begin_role("proa-pool");
    spawn = {};
    pool.daemon.clear();
    peers.first.reset();
    daemon_.reset();
    run_pool_role({config_, instance_, std::move(pool.role), std::move(peers.second)});
  }
  spawn_ = ::fork();
  if (spawn_ < 0) return os_error("fork the spawn role");
  if (spawn_ == 0) {
    begin_role("proa-spawn");
    // Not the pool role: it outlives us to take back what it made, once the spawn role is gone.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != supervisor) ::_exit(1);
    pool = {};
    spawn.daemon.clear();
    peers.second.reset();
    daemon_.reset();
    run_spawn_role({config_, instance_, std::move(spawn.role), std::move(peers.first)});
  }
  RolesUp message;
  message.instance = instance_.number();
  message.shards = config_.shards;
  std::vector<int> fds;
  for (const os::UniqueFd& fd : spawn.daemon) fds.push_back(fd.get());
  for (const os::UniqueFd& fd : pool.daemon) fds.push_back(fd.get());
  const std::string bytes = encode(Reply(message));
  return os::send_message(daemon_.get(), std::as_bytes(std::span(bytes)), fds);
}

const char* Supervisor::wait_for_loss() {
  for (;;) {
    std::array<pollfd, 2> polled{{{daemon_.get(), POLLIN, 0}, {child_signals_.get(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return nullptr;
    if (polled[0].revents != 0) return nullptr;
    if (const char* lost = reap_role()) return lost;
  }
}

// It never sends here: readable means closed.
bool Supervisor::is_daemon_gone() const {
  pollfd daemon{daemon_.get(), POLLIN, 0};
  return ::poll(&daemon, 1, 0) != 0;
}

const char* Supervisor::reap_role() {
  signalfd_siginfo drained{};
  while (::read(child_signals_.get(), &drained, sizeof drained) > 0) {
  }
  for (pid_t* role : {&spawn_, &pool_}) {
    if (*role < 0 || ::waitpid(*role, nullptr, WNOHANG) != *role) continue;
    *role = -1;
    return role == &spawn_ ? "the spawn role ended" : "the pool role ended";
  }
  return nullptr;
}

// The spawn role first: its end kills every environment, and then the pool role finds empty cgroups
// to remove. It ends by itself when it sees that; if not within its time, it is killed.
void Supervisor::stop_roles() {
  if (spawn_ > 0) ::kill(spawn_, SIGKILL);
  const auto deadline = std::chrono::steady_clock::now() + kStopTime;
  while (spawn_ > 0 || pool_ > 0) {
    if (reap_role() != nullptr) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 && pool_ > 0) ::kill(pool_, SIGKILL);
    pollfd waiting{child_signals_.get(), POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 100)));
  }
}

}  // namespace proa::launcher
