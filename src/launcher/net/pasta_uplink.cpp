#include "launcher/net/pasta_uplink.h"

#include "launcher/net/namespaces.h"
#include "os/file.h"
#include "os/seqpacket.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace proa::launcher::net {
namespace {

// After the 64 blocks of 16,384 that environments have.
constexpr std::uint32_t kFirstPastaUid = 0x70000000 + 64 * 16'384;
constexpr int kStartMs = 5'000;

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// Becomes `uid` and makes the namespaces; sends both itself, because nobody may look into another
// user's process without CAP_SYS_PTRACE.
Result<void> hold_namespaces(std::uint32_t uid, int socket) {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 ||
      ::setresuid(uid, uid, uid) != 0 || ::unshare(CLONE_NEWUSER) != 0) {
    return os_error("make a user namespace");
  }
  TRY(auto user, os::open_file("/proc/self/ns/user", O_RDONLY));
  const std::array<std::byte, 1> word{};
  const std::array<int, 1> user_fd{user.get()};
  TRY(os::send_message(socket, word, user_fd));
  TRY(os::receive_message(socket));  // the maps are written
  if (::unshare(CLONE_NEWNET) != 0) return os_error("make a network namespace");
  TRY(auto network, os::open_file("/proc/self/ns/net", O_RDONLY));
  const std::array<int, 1> network_fd{network.get()};
  return os::send_message(socket, word, network_fd);
}

Result<os::UniqueFd> receive_namespace(int socket) {
  auto message = os::receive_message(socket);
  if (message && message.value().fds.size() == 1) return std::move(message.value().fds.front());
  return Error(Errc::os, "cannot make namespaces for pasta's user (are user namespaces off?)");
}

Result<OwnedNamespaces> open_namespaces(pid_t holder, std::uint32_t uid, int socket) {
  const std::string process = "/proc/" + std::to_string(holder);
  const std::string map = "0 " + std::to_string(uid) + " 1\n";
  OwnedNamespaces made;
  TRY(made.user, receive_namespace(socket));
  TRY(os::write_kernel_file(process + "/setgroups", "deny"));
  TRY(os::write_kernel_file(process + "/uid_map", map));
  TRY(os::write_kernel_file(process + "/gid_map", map));
  const std::array<std::byte, 1> word{};
  TRY(os::send_message(socket, word, {}));
  TRY(made.network, receive_namespace(socket));
  return made;
}

// The keeper needs four descriptors and must hold none else: a copy of the daemon's connections in
// it would hide their end from the other role.
[[noreturn]] void become_keeper(PastaOptions options, int news) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::prctl(PR_SET_NAME, "proa-uplink", 0, 0, 0);
  constexpr int kFirst = 3;
  std::array<int*, 4> kept{&news, &options.user_namespace, &options.router_namespace,
                           &options.host_namespace};
  constexpr int kHigh = 64;
  for (int* fd : kept) *fd = ::fcntl(*fd, F_DUPFD, kHigh);
  int next = kFirst;
  for (int* fd : kept) {
    ::dup2(*fd, next);
    *fd = next++;
  }
  ::close_range(static_cast<unsigned>(next), ~0U, 0);
  for (int* fd : kept) ::fcntl(*fd, F_SETFD, FD_CLOEXEC);
  run_pasta_keeper(options, news);
  ::_exit(0);
}

}  // namespace

std::uint32_t pasta_uid(std::uint32_t number) { return kFirstPastaUid + number; }

Result<OwnedNamespaces> make_owned_namespaces(std::uint32_t uid) {
  TRY(auto sockets, os::seqpacket_pair());
  const pid_t holder = ::fork();
  if (holder < 0) return os_error("fork");
  if (holder == 0) {
    sockets.first.reset();
    ::_exit(hold_namespaces(uid, sockets.second.get()) ? 0 : 1);
  }
  sockets.second.reset();
  auto opened = open_namespaces(holder, uid, sockets.first.get());
  sockets.first.reset();
  reap(holder);
  return opened;
}

std::optional<std::string> find_pasta() {
  for (const char* path : {"/usr/bin/pasta", "/usr/local/bin/pasta"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return std::nullopt;
}

std::vector<std::string> pasta_arguments(const PastaOptions& options, int user_fd, int network_fd) {
  const std::string descriptors = "/proc/self/fd/";
  std::vector<std::string> words{options.program, "--foreground", "--stderr", "--quiet",
                                 "--config-net", "--ns-ifname", options.device,
                                 // No port of the host leads in, none of the router's out to the
                                 // host's loopback, and the gateway is nobody.
                                 "-t", "none", "-u", "none", "-T", "none", "-U", "none",
                                 "--no-map-gw", "--no-netns-quit"};
  const auto add = [&](const char* option, std::string value) {
    words.emplace_back(option);
    words.push_back(std::move(value));
  };
  add("--address", options.address4.text());
  add("--netmask", std::to_string(options.length4));
  add("--gateway", options.gateway4.text());
  if (options.address6 && options.gateway6) {
    add("--address", options.address6->text());
    add("--gateway", options.gateway6->text());
  } else {
    words.emplace_back("--ipv4-only");
  }
  add("--userns", descriptors + std::to_string(user_fd));
  add("--netns", descriptors + std::to_string(network_fd));
  return words;
}

Result<std::unique_ptr<PastaUplink>> PastaUplink::start(const PastaOptions& options) {
  TRY(auto sockets, os::seqpacket_pair());
  const long keeper = ::syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, nullptr, nullptr,
                                nullptr, nullptr);
  if (keeper < 0) return os_error("start the keeper of pasta");
  if (keeper == 0) become_keeper(options, sockets.second.get());
  sockets.second.reset();
  std::unique_ptr<PastaUplink> uplink(
      new PastaUplink(static_cast<pid_t>(keeper), std::move(sockets.first)));
  pollfd waiting{uplink->news_.get(), POLLIN, 0};
  if (::poll(&waiting, 1, kStartMs) > 0) (void)uplink->take_news();
  if (!uplink->problem_.empty()) return Error(Errc::unavailable, uplink->problem_);
  return uplink;
}

PastaUplink::~PastaUplink() {
  end();
  reap(keeper_);
}

// The first process of its namespace: pasta goes with it.
void PastaUplink::end() { ::kill(keeper_, SIGKILL); }

std::optional<std::string> PastaUplink::take_news() {
  std::optional<std::string> failure;
  pollfd waiting{news_.get(), POLLIN, 0};
  while (news_ && ::poll(&waiting, 1, 0) > 0) {
    auto message = os::receive_message(news_.get());
    if (!message) {
      problem_ = "the keeper of pasta ended";
      news_.reset();
      return problem_;
    }
    const std::string& text = message.value().bytes;
    problem_ = text.starts_with("up") ? std::string() : text.substr(std::min(text.size(), 5UL));
    if (!problem_.empty()) failure = problem_;
  }
  return failure;
}

}  // namespace proa::launcher::net
