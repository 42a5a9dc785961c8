// The real proa-init as process 1 of new user, pid and mount namespaces, with the test as its host.
//
// Stands in for the launcher as far as proa-init can see: uid 0 of a user namespace, descriptors
// 0-2 on /dev/null, 3 the control link, its own /proc. One object is one init; its destructor ends
// it.
#pragma once

#include "frames/link.h"
#include "os/file.h"
#include "unit/frames/await.h"

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proa::frames {

inline constexpr std::uint32_t kFunctionUid = 993;
inline constexpr std::uint32_t kFunctionGid = 990;

class InitProgram {
 public:
  struct Options {
    rlim_t process_max = 200;                  ///< RLIMIT_NPROC, so that a bomb stays small
    bool has_only_three_capabilities = false;  ///< bounding set of SETUID, SETGID, KILL
  };
  /// A process that was started through init, and what it prints.
  struct Run {
    Result<ExitedView> exited = Error(Errc::internal, "not asked");
    std::string output;
  };

  /// Why no init can be started here, by trying; nothing if it can.
  static std::optional<std::string> obstacle() {
    if (::geteuid() != 0) return "needs root to map two user ids into a namespace";
    constexpr unsigned long kFlags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | SIGCHLD;
    const auto pid =
        static_cast<pid_t>(::syscall(SYS_clone, kFlags, nullptr, nullptr, nullptr, nullptr));
    if (pid == 0) ::_exit(0);
    if (pid < 0) return os_error("namespaces are not permitted here: clone").message();
    ::waitpid(pid, nullptr, 0);
    return std::nullopt;
  }
  /// Starts init; error() says what failed.
  explicit InitProgram(const Options& options) : options_(options) { start_init(); }
  InitProgram(const InitProgram&) = delete;
  InitProgram& operator=(const InitProgram&) = delete;
  ~InitProgram() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  const std::optional<std::string>& error() const { return error_; }
  Link& link() { return *link_; }
  boost::asio::io_context& io() { return io_; }
  pid_t pid() const { return pid_; }

  Result<Frame> receive() { return await(io_, link_->receive()); }
  /// The type of the next frame; Type::configure when none came.
  Type next_type() {
    const auto frame = receive();
    return frame ? frame.value().type : Type::configure;
  }
  Result<ExitedView> next_exited() {
    TRY(const Frame frame, receive());
    ExitedView view;
    const auto body = std::as_bytes(std::span(frame.body.data(), frame.body.size()));
    if (frame.type != Type::exited || decode_exited(body, view) != Status::ok) {
      return Error(Errc::corrupt,
                   "not `exited` but " + std::to_string(static_cast<int>(frame.type)));
    }
    return view;
  }
  Result<void> kill_all() { return await(io_, link_->send(Type::kill_all, {})); }

  /// Sends `start` for `arguments` with standard output and error on one pipe, and what else is
  /// given from descriptor 3 on. The reading end stays here for read_line() and read_output().
  Result<void> start(const std::vector<std::string>& arguments,
                     const std::vector<int>& further = {}, const std::string& directory = "/") {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return os_error("pipe");
    output_.reset(ends[0]);
    const os::UniqueFd write_end(ends[1]);
    TRY(auto null, os::open_file("/dev/null", O_RDONLY));
    std::vector<int> fds{null.get(), write_end.get(), write_end.get()};
    fds.insert(fds.end(), further.begin(), further.end());
    const std::vector<std::string_view> views(arguments.begin(), arguments.end());
    const std::vector<std::string_view> variables{"PATH=/usr/bin:/bin", "GREETING=hello"};
    const StartSpec spec{.uid = kFunctionUid,
                         .gid = kFunctionGid,
                         .descriptors = static_cast<std::uint16_t>(fds.size()),
                         .directory = directory,
                         .arguments = views,
                         .variables = variables};
    std::string body(start_body_size(spec), '\0');
    if (encode_start(spec, std::as_writable_bytes(std::span(body))) != Status::ok) {
      return Error(Errc::invalid, "start");
    }
    const std::vector<std::string_view> parts{body};
    return await(io_, link_->send_with_fds(Type::start, parts, fds));
  }
  Result<void> start_shell(const std::string& script, const std::vector<int>& further = {}) {
    return start({"/bin/sh", "-c", script}, further);
  }
  /// Runs a shell script to its end.
  Run run(const std::string& script, const std::vector<int>& further = {}) {
    Run run;
    if (const auto started = start_shell(script, further); !started) {
      run.exited = started.error();
      return run;
    }
    run.exited = next_exited();
    run.output = read_output();
    return run;
  }
  /// What the process prints up to and without the next newline.
  std::string read_line() {
    std::string line;
    while (line.empty() || line.back() != '\n') {
      if (!read_more(line, 1)) return line;
    }
    line.pop_back();
    return line;
  }
  /// Everything until all writing ends are closed.
  std::string read_output() {
    std::string output;
    while (read_more(output, 4096)) {
    }
    return output;
  }
  /// Waits for the end of init; its exit code, or nothing after 20 s or when a signal ended it.
  std::optional<int> exit_code() {
    const os::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd wait{process.get(), POLLIN, 0};
    if (::poll(&wait, 1, 20000) != 1) return std::nullopt;
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    if (!WIFEXITED(status)) return std::nullopt;
    return WEXITSTATUS(status);
  }

 private:
  static constexpr int kSetupFailed = 99;
  static constexpr int kProgramFd = 4;

  bool read_more(std::string& text, std::size_t size) {
    std::array<char, 4096> bytes{};
    pollfd wait{output_.get(), POLLIN, 0};
    if (::poll(&wait, 1, 20000) != 1) return false;
    const ssize_t count = ::read(output_.get(), bytes.data(), std::min(size, bytes.size()));
    if (count > 0) text.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  void start_init() {
    std::array<int, 2> control{};
    std::array<int, 2> gate{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control.data()) != 0 ||
        ::pipe2(gate.data(), O_CLOEXEC) != 0) {
      error_ = "no sockets or pipes";
      return;
    }
    const os::UniqueFd inside(control[1]);
    const os::UniqueFd gate_read(gate[0]);
    os::UniqueFd gate_write(gate[1]);
    auto link = Link::adopt(io_.get_executor(), os::UniqueFd(control[0]));
    auto program = os::open_file(PROA_BINARY_DIR "/proa-init", O_RDONLY);
    if (!link || !program) {
      error_ = link ? program.error().message() : link.error().message();
      return;
    }
    link_ = std::move(link.value());
    constexpr unsigned long kFlags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | SIGCHLD;
    pid_ = static_cast<pid_t>(::syscall(SYS_clone, kFlags, nullptr, nullptr, nullptr, nullptr));
    if (pid_ == 0) become_init(gate_read.get(), inside.get(), program.value().get());
    if (pid_ < 0) {
      error_ = os_error("clone").message();
      return;
    }
    // uid 0 inside is nobody outside; ids up to 999 exist inside.
    const std::string process = "/proc/" + std::to_string(pid_);
    for (const auto map : {"/uid_map", "/gid_map"}) {
      const auto file = os::open_file(process + map, O_WRONLY);
      constexpr std::string_view kMap = "0 2000000000 1000";
      if (!file || ::write(file.value().get(), kMap.data(), kMap.size()) < 0) {
        error_ = os_error(process + map).message();
      }
    }
    if (!error_ && ::write(gate_write.get(), "!", 1) != 1) error_ = "the gate is gone";
  }

  // In the new process; never returns. What fails here shows as exit code 99 and no init_up.
  [[noreturn]] void become_init(int gate, int control, int program) const {
    char byte = 0;
    if (::read(gate, &byte, 1) != 1) ::_exit(kSetupFailed);
    const rlimit processes{options_.process_max, options_.process_max};
    const bool is_set_up =
        ::syscall(SYS_setgroups, 0, nullptr) == 0 && ::syscall(SYS_setresgid, 0, 0, 0) == 0 &&
        ::syscall(SYS_setresuid, 0, 0, 0) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0 &&
        ::setrlimit(RLIMIT_NPROC, &processes) == 0;
    // Numbers out of the way of the targets first.
    const int high_control = ::fcntl(control, F_DUPFD_CLOEXEC, 100);
    const int high_program = ::fcntl(program, F_DUPFD_CLOEXEC, 100);
    const int null = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
    ::dup2(high_control, 3);
    ::dup3(high_program, kProgramFd, O_CLOEXEC);
    ::syscall(SYS_close_range, kProgramFd + 1, ~0U, 0);
    if (!is_set_up || (options_.has_only_three_capabilities && !keep_three_capabilities())) {
      ::_exit(kSetupFailed);
    }
    const std::array<const char*, 2> argv{"proa-init", nullptr};
    const std::array<const char*, 1> envp{nullptr};
    ::syscall(SYS_execveat, kProgramFd, "", argv.data(), envp.data(), AT_EMPTY_PATH);
    ::_exit(kSetupFailed);
  }

  // Root's exec gets what the bounding set leaves: CAP_KILL 5, CAP_SETGID 6, CAP_SETUID 7.
  static bool keep_three_capabilities() {
    constexpr long kDrop = 24;  // PR_CAPBSET_DROP
    for (long capability = 0; capability < 64; ++capability) {
      if (capability >= 5 && capability <= 7) continue;
      if (::syscall(SYS_prctl, kDrop, capability, 0, 0, 0) != 0) return errno == EINVAL;
    }
    return true;
  }

  Options options_;
  std::optional<std::string> error_;
  boost::asio::io_context io_{1};
  std::unique_ptr<Link> link_;
  os::UniqueFd output_;
  pid_t pid_ = -1;
};

/// A test with an init that has said init_up; skipped where none can be made.
class InitTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto obstacle = InitProgram::obstacle()) GTEST_SKIP() << *obstacle;
    start_init({});
  }
  /// Another init in place of the one there is.
  void start_init(const InitProgram::Options& options) {
    init_ = std::make_unique<InitProgram>(options);
    ASSERT_FALSE(init_->error()) << *init_->error();
    ASSERT_EQ(init_->next_type(), Type::init_up);
  }

  std::unique_ptr<InitProgram> init_;
};

}  // namespace proa::frames
