// The process that starts pasta, watches it, and starts it again.
#include "launcher/net/links.h"
#include "launcher/net/namespaces.h"
#include "launcher/net/pasta_uplink.h"
#include "os/seqpacket.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <vector>

namespace proa::launcher::net {
namespace {

constexpr std::size_t kWordsMax = 600;
constexpr std::chrono::milliseconds kFirstPause(100);
constexpr std::chrono::milliseconds kLongestPause(5'000);
constexpr int kDeviceStepMs = 5;
constexpr int kDeviceSteps = 800;

/// pasta while it runs: its process and what it writes.
struct Running {
  pid_t pid = -1;
  os::UniqueFd output;
  std::string words;  ///< the end of its output
};

// An own node, because the host's is often root's alone; in a mount namespace that only the keeper
// and pasta have.
Result<void> make_tun_device() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return os_error("make mounts private");
  }
  if (::mount("proa", "/dev/net", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=4k") != 0) {
    return os_error("the host has no folder /dev/net (is the kernel module tun loaded?): mount");
  }
  if (::mknod("/dev/net/tun", S_IFCHR | 0666, ::makedev(10, 200)) != 0 ||
      ::chmod("/dev/net/tun", 0666) != 0) {
    return os_error("make the device /dev/net/tun");
  }
  const os::UniqueFd tried(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!tried) return os_error("open /dev/net/tun (is the kernel module tun loaded?)");
  return ok();
}

[[noreturn]] void execute(const PastaOptions& options, int output) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // The supervisor ignores these, and pasta takes an ignored SIGPIPE for a failure.
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_DFL);
  // Opened again by path in pasta, so they only must not close.
  const int user = ::fcntl(options.user_namespace, F_DUPFD, 16);
  const int network = ::fcntl(options.router_namespace, F_DUPFD, 16);
  const std::vector<std::string> words = pasta_arguments(options, user, network);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::array<char*, 1> no_environment{nullptr};
  const os::UniqueFd null(::open("/dev/null", O_RDWR));
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (::setns(options.host_namespace, CLONE_NEWNET) == 0 && ::setgroups(0, nullptr) == 0 &&
      ::setresgid(options.uid, options.uid, options.uid) == 0 &&
      ::setresuid(options.uid, options.uid, options.uid) == 0) {
    ::execve(options.program.c_str(), argv.data(), no_environment.data());
  }
  constexpr std::string_view kFailed = "cannot execute pasta\n";
  (void)!::write(STDERR_FILENO, kFailed.data(), kFailed.size());
  ::_exit(127);
}

Result<Running> start(const PastaOptions& options) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return os_error("pipe");
  Running running;
  running.output.reset(pipe[0]);
  const os::UniqueFd write_end(pipe[1]);
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  running.pid = ::fork();
  if (running.pid < 0) return os_error("fork");
  if (running.pid == 0) execute(options, write_end.get());
  return running;
}

void read_words(Running& running) {
  std::array<char, 1024> buffer{};
  for (;;) {
    const ssize_t count = ::read(running.output.get(), buffer.data(), buffer.size());
    if (count <= 0) {
      if (count == 0) running.output.reset();
      return;
    }
    running.words.append(buffer.data(), static_cast<std::size_t>(count));
    if (running.words.size() > kWordsMax) {
      running.words.erase(0, running.words.size() - kWordsMax);
    }
  }
}

// One line of what it said, without its complaints that there is no system logger.
std::string last_words(const std::string& words) {
  std::string text;
  std::size_t begin = 0;
  while (begin < words.size()) {
    const std::size_t end = std::min(words.find('\n', begin), words.size());
    const std::string line = words.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty() || line.starts_with("Failed to send")) continue;
    text += (text.empty() ? "" : "; ") + line;
  }
  return text.empty() ? "it said nothing" : text;
}

bool has_ended(const Running& running, int& status) {
  pid_t pid = 0;
  bool is_it = false;
  // Its helpers become our children when it ends: all are reaped.
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) is_it = is_it || pid == running.pid;
  return is_it;
}

bool has_default_route(NetlinkSocket& socket, const Device& device) {
  const auto routes = list_routes(socket, AF_INET);
  return routes && std::ranges::any_of(routes.value(), [&](const RouteEntry& route) {
           return route.destination.length == 0 && route.device_index == device.index;
         });
}

// pasta makes the device; nothing passes the router's rules before it is in its group.
bool take_device(const PastaOptions& options, Running& running) {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  for (int step = 0; socket && step < kDeviceSteps; ++step) {
    const auto device = find_device(socket.value(), options.device);
    if (device && has_default_route(socket.value(), device.value())) {
      return set_group(socket.value(), device.value(), options.group).has_value();
    }
    pollfd ended{running.output.get(), 0, 0};
    ::poll(&ended, 1, kDeviceStepMs);
    if ((ended.revents & POLLHUP) != 0) return false;
  }
  return false;
}

void tell(int news, std::string_view state, std::string_view why = {}) {
  const std::string text = std::string(state) + " " + std::string(why);
  (void)os::send_message(news, std::as_bytes(std::span(text)), {});
}

// Until pasta has ended, or (false) the owner.
bool watch(Running& running, int news, int child_signals) {
  for (;;) {
    std::array<pollfd, 3> polled{
        {{news, POLLIN, 0}, {child_signals, POLLIN, 0}, {running.output.get(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return false;
    if (polled[0].revents != 0) return false;
    if (polled[2].revents != 0) read_words(running);
    signalfd_siginfo drained{};
    while (::read(child_signals, &drained, sizeof drained) > 0) {
    }
    int status = 0;
    if (has_ended(running, status)) return true;
  }
}

os::UniqueFd child_signals() {
  sigset_t child_only;
  ::sigemptyset(&child_only);
  ::sigaddset(&child_only, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_only, nullptr);
  return os::UniqueFd(::signalfd(-1, &child_only, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

void run_pasta_keeper(const PastaOptions& options, int news) {
  const os::UniqueFd signals = child_signals();
  if (auto made = make_tun_device(); !made) return tell(news, "down", made.error().message());
  if (::setns(options.router_namespace, CLONE_NEWNET) != 0) {
    return tell(news, "down", "cannot enter the router's namespace");
  }
  auto pause = kFirstPause;
  for (;;) {
    auto running = start(options);
    if (!running) return tell(news, "down", running.error().message());
    const auto begin = std::chrono::steady_clock::now();
    if (take_device(options, running.value())) {
      tell(news, "up");
    } else {
      ::kill(running.value().pid, SIGKILL);
    }
    if (!watch(running.value(), news, signals.get())) return;
    read_words(running.value());
    tell(news, "down", "pasta ended: " + last_words(running.value().words));
    if (std::chrono::steady_clock::now() - begin > kLongestPause) pause = kFirstPause;
    pollfd owner{news, POLLIN, 0};
    if (::poll(&owner, 1, static_cast<int>(pause.count())) > 0) return;
    pause = std::min(2 * pause, kLongestPause);
  }
}

}  // namespace proa::launcher::net
