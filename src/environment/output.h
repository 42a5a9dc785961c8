// What function code prints: collected from the pipe, kept as the tail of the current call.
#pragma once

#include "base/task_group.h"
#include "os/unique_fd.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace proa::environment {

/// Reads the output pipes of an environment's runtime processes, one after the other. Owned by the
/// Environment; runs on the shard's executor. Never keeps more than the tail, however much is
/// printed.
class OutputCapture {
 public:
  /// Lambda returns the last 4 KB of the log with LogType=Tail.
  static constexpr std::size_t kTailSize = 4096;

  explicit OutputCapture(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  ~OutputCapture() { close(); }

  /// Goes on with the pipe of another process; what is still in the last one is taken first.
  void attach(os::UniqueFd pipe);

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
  struct Tail {
    std::string text;
    void append(std::string_view more);
  };
  struct Pipe;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<Tail> tail_ = std::make_shared<Tail>();  // a pipe's handler may run after this
  std::shared_ptr<Pipe> pipe_;                             // as may the pipe
};

}  // namespace proa::environment
