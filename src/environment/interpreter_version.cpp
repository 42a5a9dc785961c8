#include "environment/interpreter_version.h"

#include "os/file.h"
#include "os/unique_fd.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace proa::environment {
namespace {

namespace fs = std::filesystem;

constexpr auto kAnswerLimit = std::chrono::seconds(5);
constexpr std::size_t kAnswerMax = 256;

/// The word after `#define NAME`, without quotes; empty if there is none.
std::string defined(std::string_view text, std::string_view name) {
  const std::string start = "#define " + std::string(name);
  auto at = text.find(start);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + start.size());
  const auto begin = text.find_first_not_of(" \t\"");
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  return std::string(text.substr(0, text.find_first_of(" \t\"\r\n")));
}

std::string header_text(const fs::path& file) {
  auto text = os::read_file(file);
  return text ? std::move(text.value()) : std::string();
}

std::string python_header(const Interpreter& python) {
  const std::string name = "python3." + std::to_string(python.generation);
  for (const char* flavour : {"", "m"}) {  // python3.7m: built with pymalloc
    const fs::path folder = python.prefix / "include" / (name + flavour);
    std::string version = defined(header_text(folder / "patchlevel.h"), "PY_VERSION");
    if (!version.empty()) return version;
  }
  return {};
}

std::string node_header(const Interpreter& node) {
  const std::string text = header_text(node.prefix / "include/node/node_version.h");
  const std::string major = defined(text, "NODE_MAJOR_VERSION");
  if (major.empty()) return {};
  return major + "." + defined(text, "NODE_MINOR_VERSION") + "." +
         defined(text, "NODE_PATCH_VERSION");
}

/// A started program whose standard output is read; ended by force when it goes out of scope.
class Asked {
 public:
  Asked(pid_t pid, os::UniqueFd output) : pid_(pid), output_(std::move(output)) {}
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  ~Asked() {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  Result<std::string> read(const std::string& name) {
    std::string text;
    const auto deadline = std::chrono::steady_clock::now() + kAnswerLimit;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      pollfd polled{output_.get(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(left.count())) == 0) {
        return Error(Errc::deadline, name + " --version did not answer in 5 s");
      }
      std::array<char, kAnswerMax> buffer{};
      const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return os_error("read from " + name);
      if (count == 0 || text.size() > kAnswerMax) return text;
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  pid_t pid_;
  os::UniqueFd output_;
};

Result<std::string> output_of(const fs::path& executable) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return os_error("pipe");
  os::UniqueFd output(ends[0]);
  os::UniqueFd theirs(ends[1]);
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 1);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  const std::string name = executable.string();
  std::string option = "--version";
  std::array<char*, 3> arguments{const_cast<char*>(name.c_str()), option.data(), nullptr};
  std::array<char*, 1> variables{nullptr};
  pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, name.c_str(), &actions, nullptr, arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return os_error("run " + name, failed);
  Asked asked(pid, std::move(output));
  theirs.reset();
  return asked.read(name);
}

}  // namespace

std::string version_in_headers(const Interpreter& interpreter) {
  return interpreter.language == Language::node ? node_header(interpreter)
                                                : python_header(interpreter);
}

Result<std::string> ask_version(const fs::path& executable) {
  TRY(const auto text, output_of(executable));
  const auto begin = text.find_first_of("0123456789");
  if (begin == std::string::npos) {
    return Error(Errc::corrupt, executable.string() + " --version printed no version");
  }
  const auto end = text.find_first_not_of("0123456789.", begin);
  return text.substr(begin, end == std::string::npos ? end : end - begin);
}

}  // namespace proa::environment
