// A role of the launcher in a child of the test, with the test as daemon and as the other role.
#pragma once

#include "launcher/net/namespaces.h"
#include "launcher/protocol.h"
#include "launcher/user_namespace.h"
#include "os/seqpacket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace proa::launcher::test {

inline constexpr int kPatience = 30'000;  // ms; only a failure waits so long

struct Answer {
  Reply reply = Failed();
  std::vector<os::UniqueFd> fds;

  template <class Kind>
  const Kind* as() const {
    return std::get_if<Kind>(&reply);
  }
  /// Of a Failed; of anything else "".
  std::string failure() const {
    const auto* failed = as<Failed>();
    return failed == nullptr ? "" : to_error(*failed).message();
  }
  Errc code() const {
    const auto* failed = as<Failed>();
    return failed == nullptr ? Errc::internal : failed->code;
  }
};

inline bool is_readable(int fd, int timeout_ms = kPatience) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, timeout_ms) == 1;
}

/// The next message that a role sends; nothing when it closes the connection or stays silent.
inline std::optional<Answer> next_answer(int connection) {
  if (!is_readable(connection)) return std::nullopt;
  auto message = os::receive_message(connection);
  if (!message) return std::nullopt;
  auto reply = decode_reply(message.value().bytes);
  if (!reply) return std::nullopt;
  return Answer{reply.value(), std::move(message.value().fds)};
}

inline void send_bytes(int connection, const std::string& bytes, std::span<const int> fds = {}) {
  const auto sent = os::send_message(connection, std::as_bytes(std::span(bytes)), fds);
  EXPECT_TRUE(sent) << sent.error().message();
}
inline void send_request(int connection, const Request& request, std::span<const int> fds = {}) {
  send_bytes(connection, encode(request), fds);
}

/// Waits for the end of a child; -1 when a signal ended it, also the one sent when it does not.
inline int exit_status_of(pid_t child) {
  const os::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (!is_readable(process.get())) ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Every end closes when the object ends: the role then takes back what it made on the host.
class RoleProcess {
 public:
  /// `body` gets the role's ends: two of the daemon, one of the other role. Its value is the exit
  /// status.
  using Body = std::function<int(std::vector<os::UniqueFd>, os::UniqueFd)>;
  explicit RoleProcess(const Body& body) {
    std::vector<os::UniqueFd> theirs;
    for (int i = 0; i < 2; ++i) {
      auto pair = std::move(os::seqpacket_pair().value());
      daemon_.push_back(std::move(pair.first));
      theirs.push_back(std::move(pair.second));
    }
    auto peers = std::move(os::seqpacket_pair().value());
    peer_ = std::move(peers.first);
    pid_ = ::fork();
    if (pid_ != 0) return;
    daemon_.clear();
    peer_.reset();
    ::_exit(body(std::move(theirs), std::move(peers.second)));
  }
  RoleProcess(const RoleProcess&) = delete;
  RoleProcess& operator=(const RoleProcess&) = delete;
  ~RoleProcess() {
    close_all();
    if (pid_ > 0) exit_status_of(pid_);
  }

  pid_t pid() const { return pid_; }
  int daemon(std::size_t connection = 0) const { return daemon_[connection].get(); }
  int peer() const { return peer_.get(); }
  void close_daemon(std::size_t connection) { daemon_[connection].reset(); }
  void close_peer() { peer_.reset(); }
  void close_all() {
    daemon_.clear();
    peer_.reset();
  }

  std::optional<Answer> ask(const Request& request, std::size_t connection = 0) const {
    send_request(daemon(connection), request);
    return next_answer(daemon(connection));
  }
  /// Exit status once it ended by itself; -1 when a signal ended it.
  int exit_status() { return exit_status_of(std::exchange(pid_, -1)); }

 private:
  pid_t pid_ = -1;
  std::vector<os::UniqueFd> daemon_;
  os::UniqueFd peer_;
};

}  // namespace proa::launcher::test
