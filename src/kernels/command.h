// Programs of the host that are run for their answer. Private to kernels/.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace proa::kernels {

/// One program to run.
struct Command {
  std::string program;  ///< its name; looked for in the search path
  std::vector<std::string> arguments;
  std::filesystem::path folder;  ///< where it works
  std::chrono::milliseconds limit = std::chrono::minutes(1);
};

/// Runs programs: without a shell, with nothing but PATH and LC_ALL=C in their environment, nothing
/// on their standard input, in a process group of their own, for a limited time. Whatever way run()
/// returns, the program and those it has started are gone. Thread-safe.
class Commands {
 public:
  /// Errc: exhausted, os.
  static Result<Commands> make(std::string search_path);

  /// Its standard output. Errc: unsupported (no such program on this host), deadline, cancelled
  /// (stop()), too_large (says more than 1 MiB), exhausted (the disk is full), unavailable (it
  /// ended otherwise than with 0: with its own words), os.
  Result<std::string> run(const Command& command) const;
  /// Ends what runs, and all that is run from now on. Does not block.
  void stop() const;
  bool is_stopped() const;
  /// Readable from stop() on.
  int stopped() const { return stopped_.get(); }

 private:
  Commands(std::string search_path, os::UniqueFd stopped)
      : search_path_(std::move(search_path)), stopped_(std::move(stopped)) {}
  Result<std::filesystem::path> find(const std::string& program) const;

  std::string search_path_;
  os::UniqueFd stopped_;  ///< an event: readable from stop() on
};

/// What a program that failed has said, as one line: its errors first, without their marks.
std::string words_of(std::string_view errors);

}  // namespace proa::kernels
