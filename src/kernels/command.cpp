#include "kernels/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kOutputMax = std::size_t{1024} * 1024;
constexpr std::size_t kErrorsMax = std::size_t{16} * 1024;
constexpr std::size_t kWordsMax = 500;
constexpr int kReadsAtOnce = 16;  ///< four times what a pipe holds

/// A pipe that a program writes to: our end does not block.
struct Pipe {
  os::UniqueFd ours;
  os::UniqueFd theirs;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return os_error("pipe");
  Pipe made{os::UniqueFd(ends[0]), os::UniqueFd(ends[1])};
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return os_error("fcntl");
  return made;
}

/// What posix_spawn(3) wants, freed at the end.
class SpawnSetup {
 public:
  SpawnSetup(const fs::path& folder, int output, int errors) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, 1);
    ::posix_spawn_file_actions_adddup2(&actions_, errors, 2);
    ::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals{};
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);  // the daemon's threads block some
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// A started program; it and its process group are ended by force when it goes out of scope.
class Running {
 public:
  Running(pid_t pid, os::UniqueFd output, os::UniqueFd errors)
      : pid_(pid),
        end_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
        output_(std::move(output)),
        errors_(std::move(errors)) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { static_cast<void>(end()); }

  /// Reads until it has ended. Errc: deadline, cancelled, too_large, os.
  Result<void> wait(int stopped, std::chrono::steady_clock::time_point deadline) {
    if (!end_) return os_error("pidfd_open");
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return Error(Errc::deadline, "it took too long");
      std::array<pollfd, 4> polled{{{stopped, POLLIN, 0},
                                    {end_.get(), POLLIN, 0},
                                    {output_.get(), POLLIN, 0},
                                    {errors_.get(), POLLIN, 0}}};
      const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
      if (ready < 0 && errno != EINTR) return os_error("poll");
      if (ready <= 0) continue;
      if (polled[0].revents != 0) return Error(Errc::cancelled, "the daemon stops");
      const bool has_ended = polled[1].revents != 0;  // before what it wrote last is read
      TRY(read(output_, said_, kOutputMax));
      if (said_.size() == kOutputMax) return Error(Errc::too_large, "it says too much");
      TRY(read(errors_, complained_, kErrorsMax));
      if (has_ended) return ok();
    }
  }

  /// Ends and reaps it; its status as waitpid(2) tells.
  int end() {
    if (pid_ < 0) return status_;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status_;
  }

  std::string& said() { return said_; }
  const std::string& complained() const { return complained_; }

 private:
  /// What is there now; what is beyond `most` is dropped. Closes the pipe at its end.
  static Result<void> read(os::UniqueFd& from, std::string& to, std::size_t most) {
    std::array<char, 16 * 1024> part;  // NOLINT(cppcoreguidelines-pro-type-member-init): read into
    // Not until it is empty: whoever writes may be faster than we, and time must be looked at.
    for (int i = 0; from && i < kReadsAtOnce; ++i) {
      const ssize_t got = ::read(from.get(), part.data(), part.size());
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return ok();
      if (got < 0) return os_error("read what a program says");
      if (got == 0) from.reset();
      to.append(part.data(), std::min(static_cast<std::size_t>(got), most - to.size()));
    }
    return ok();
  }

  pid_t pid_;
  os::UniqueFd end_;
  os::UniqueFd output_;
  os::UniqueFd errors_;
  std::string said_;
  std::string complained_;
  int status_ = 0;
};

bool is_about_disk(std::string_view text) {
  return text.find("No space left on device") != std::string_view::npos ||
         text.find("enough free space") != std::string_view::npos ||
         text.find("Disk quota exceeded") != std::string_view::npos;
}

/// Why a program failed; nothing when it did not.
Result<void> judge(const std::string& name, int status, const std::string& errors) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return ok();
  const std::string how = WIFEXITED(status)
                              ? "failed (status " + std::to_string(WEXITSTATUS(status)) + ")"
                              : "was ended by signal " + std::to_string(WTERMSIG(status));
  const std::string words = words_of(errors);
  return Error(is_about_disk(errors) ? Errc::exhausted : Errc::unavailable,
               name + " " + how + (words.empty() ? "" : ": " + words));
}

}  // namespace

std::string words_of(std::string_view errors) {
  std::string marked;
  std::string others;
  while (!errors.empty()) {
    const auto end = errors.find('\n');
    std::string_view line = errors.substr(0, end);
    errors.remove_prefix(end == std::string_view::npos ? errors.size() : end + 1);
    const bool is_marked = line.starts_with("E: ");
    if (is_marked || line.starts_with("W: ") || line.starts_with("N: ")) line.remove_prefix(3);
    if (line.empty()) continue;
    std::string& to = is_marked ? marked : others;
    to.append(to.empty() ? "" : "; ").append(line);
  }
  return (marked.empty() ? others : marked).substr(0, kWordsMax);
}

Result<Commands> Commands::make(std::string search_path) {
  os::UniqueFd stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped) return os_error("eventfd");
  return Commands(std::move(search_path), std::move(stopped));
}

Result<fs::path> Commands::find(const std::string& program) const {
  std::string_view rest = search_path_;
  while (!rest.empty()) {
    const auto end = rest.find(':');
    const fs::path file = fs::path(rest.substr(0, end)) / program;
    if (::access(file.c_str(), X_OK) == 0) return file;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return Error(Errc::unsupported, "there is no " + program + " on this host");
}

Result<std::string> Commands::run(const Command& command) const {
  TRY(const auto file, find(command.program));
  TRY(auto output, make_pipe());
  TRY(auto errors, make_pipe());
  std::vector<std::string> words = command.arguments;
  words.insert(words.begin(), command.program);
  std::vector<std::string> variables = {"PATH=" + search_path_, "LC_ALL=C"};
  const SpawnSetup setup(command.folder, output.theirs.get(), errors.theirs.get());
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, file.c_str(), setup.actions(), setup.attributes(),
                                   pointers_to(words).data(), pointers_to(variables).data());
  if (failed != 0) return os_error("run " + file.string(), failed);
  Running running(pid, std::move(output.ours), std::move(errors.ours));
  output.theirs.reset();
  errors.theirs.reset();
  const auto waited =
      running.wait(stopped_.get(), std::chrono::steady_clock::now() + command.limit);
  if (!waited) return waited.error().with_context(command.program);
  TRY(judge(command.program, running.end(), running.complained()));
  return std::move(running.said());
}

bool Commands::is_stopped() const {
  pollfd stopped{stopped_.get(), POLLIN, 0};
  return ::poll(&stopped, 1, 0) == 1;
}

void Commands::stop() const {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(stopped_.get(), &one, sizeof one));
}

}  // namespace proa::kernels
