// What function code prints: collected from the pipe, kept as the tail of the current call.
#pragma once

#include "base/task_group.h"
#include "os/unique_fd.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <string>

namespace proa::environment {

/// Reads one runtime process's output pipe until it closes. Owned by the Environment; runs on the
/// shard's executor. Never keeps more than the tail, however much is printed.
class OutputCapture {
 public:
  /// Lambda returns the last 4 KB of the log with LogType=Tail.
  static constexpr std::size_t kTailSize = 4096;

  OutputCapture(boost::asio::any_io_executor executor, os::UniqueFd pipe);
  ~OutputCapture();

  /// Takes everything that is in the pipe now, so that what a function printed before its answer is
  /// seen with that answer. Never blocks; at most 4 MiB a time.
  void drain();
  /// Appends a line of the platform (START, END, REPORT), beginning on a line of its own.
  void add_platform_line(std::string_view line);
  /// What was printed since the last take_tail(), 4 KiB at most.
  std::string take_tail();
  /// Stops reading. What a process still prints is lost.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;  // the pending wait handler may run after this object
};

}  // namespace proa::environment
