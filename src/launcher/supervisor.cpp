#include "launcher/supervisor.h"

#include "base/units.h"
#include "os/seqpacket.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

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
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Roles that fall over at once would be started for ever.
constexpr int kMaxStarts = 10;
constexpr auto kStartWindow = std::chrono::minutes(1);

}  // namespace

int Supervisor::run() {
  // Ctrl-C goes to the whole group: only the daemon decides when it is over.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
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
    const bool is_daemon_gone = wait_for_loss();
    stop_roles();
    if (is_daemon_gone) return 0;
  }
}

Result<void> Supervisor::start_roles() {
  TRY(auto spawn, connections(config_.shards));
  TRY(auto pool, connections(config_.shards));
  TRY(auto peers, os::seqpacket_pair());
  // The children inherit copies of everything; each closes what is not its own by moving only its
  // part into RoleStart and dropping the rest before it serves.
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

bool Supervisor::wait_for_loss() {
  for (;;) {
    pollfd waiting{daemon_.get(), POLLIN, 0};
    // A role's end is noticed by SIGCHLD-free polling of waitpid: twice a second is soon enough,
    // since the daemon learns of it at once by its closed connections.
    const int ready = ::poll(&waiting, 1, 500);
    if (ready > 0) return true;  // the daemon never sends here: readable means closed
    for (pid_t* role : {&spawn_, &pool_}) {
      if (::waitpid(*role, nullptr, WNOHANG) == *role) {
        report("supervisor", Error(Errc::internal, role == &spawn_ ? "the spawn role ended"
                                                                   : "the pool role ended"));
        *role = -1;
        return false;
      }
    }
  }
}

// The spawn role first: its end kills every environment, and then the pool role finds empty cgroups
// to remove. Both end by themselves when the daemon's connections are closed; a role that does not
// within its time is killed.
void Supervisor::stop_roles() {
  for (pid_t* role : {&spawn_, &pool_}) {
    if (*role < 0) continue;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    if (role == &spawn_) ::kill(*role, SIGKILL);
    bool is_gone = false;
    while (!is_gone) {
      is_gone = ::waitpid(*role, nullptr, WNOHANG) == *role;
      if (is_gone) break;
      if (std::chrono::steady_clock::now() > deadline) ::kill(*role, SIGKILL);
      ::usleep(2'000);
    }
    *role = -1;
  }
}

}  // namespace proa::launcher
