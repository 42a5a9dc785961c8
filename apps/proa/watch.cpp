#include "watch.h"

#include "launcher/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace proa::apps {
namespace {

using Shards = std::vector<std::unique_ptr<Shard>>;

/// A terminal that hangs up can be opened no more, and says so before the signal comes.
bool has_terminal() {
  return static_cast<bool>(os::UniqueFd(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)));
}

/// nohup(1): the end of the terminal is not ours. A blocked signal comes although it is ignored.
bool ignores_hang_up() {
  struct sigaction action {};
  return ::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

/// Gives new roles' connections to the shards. False: the launcher is gone for good.
bool take_new_roles(const Watched& watched) {
  auto roles = launcher::receive_roles(watched.launcher);
  if (!roles || roles.value().spawn.size() != watched.shards.size()) return false;
  for (std::size_t i = 0; i < watched.shards.size(); ++i) {
    watched.shards[i]->reconnect(std::move(roles.value().spawn[i]),
                                 std::move(roles.value().pool[i]));
  }
  connect_dns(watched.shards, watched.dns);
  return true;
}

}  // namespace

Signals::Signals() : has_terminal_(has_terminal() && !ignores_hang_up()) {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&taken, number);
  ::sigprocmask(SIG_BLOCK, &taken, nullptr);
  signals_.reset(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
}

Signals::Meaning Signals::take() const {
  signalfd_siginfo signal{};
  if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return Meaning::nothing;
  if (signal.ssi_signo != SIGHUP) return Meaning::end;
  return has_terminal_ && !has_terminal() ? Meaning::end : Meaning::reload;
}

void connect_dns(const Shards& shards, network::DnsService& dns) {
  auto gateway = shards.front()->open_gateway_dns();
  const auto serving =
      gateway ? dns.serve(std::move(gateway.value())) : Result<void>(gateway.error());
  if (serving || serving.error().code() == Errc::unavailable) return;  // the start line says it
  std::fprintf(stderr, "proa: functions cannot resolve names: %s\n",
               serving.error().message().c_str());
}

int watch(const Watched& watched) {
  for (;;) {
    std::array<pollfd, 2> polled{
        {{watched.signals.descriptor(), POLLIN, 0}, {watched.launcher, POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return 1;
    if (polled[0].revents != 0) {
      const auto meaning = watched.signals.take();
      if (meaning == Signals::Meaning::end) return 0;
      if (meaning == Signals::Meaning::reload) watched.reload();
    }
    if (polled[1].revents != 0 && !take_new_roles(watched)) {
      std::fprintf(
          stderr,
          "proa: the launcher is gone: stopping (a service manager should start proa again)\n");
      return 1;
    }
  }
}

}  // namespace proa::apps
