// What a test's process holds, and work done in a child of it whose namespaces end with it.
#pragma once

#include "os/unique_fd.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

namespace proa::launcher::test {

/// The first user id of a test's namespace: in no instance's block of user ids.
inline constexpr std::uint32_t kUnusedUserId = 1'910'000'000;

/// What `body` returns when a child of this process runs it. A child that a signal ended says so.
inline std::string said_by_child(const std::function<std::string()>& body) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = body();
    (void)!::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  const os::UniqueFd said(ends[0]);
  std::string text(65'536, '\0');
  const ssize_t count = ::read(said.get(), text.data(), text.size());
  text.resize(static_cast<std::size_t>(count < 0 ? 0 : count));
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status == 0 ? text : text + " (wait status " + std::to_string(status) + ")";
}

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

inline bool has_no_children() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

/// Empty when there is none, also when it goes while it is read, as a process' files do: iterators
/// over the stream's buffer would throw then.
inline std::string text_of_file(const std::filesystem::path& file) {
  const std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// A new folder, gone with the object.
class OwnFolder {
 public:
  explicit OwnFolder(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string pattern = (parent / "proa-launcher-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder " + pattern);
    path_ = pattern;
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;
  ~OwnFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  /// Writes `text` to a file below, with the folders above it.
  void put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace proa::launcher::test
