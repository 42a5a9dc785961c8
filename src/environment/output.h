// What function code prints: collected from the pipe, into its log and the tail of the call.
#pragma once

#include "base/task_group.h"
#include "logs/logs.h"
#include "os/unique_fd.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace proa::environment {

/// Reads the output pipes of an environment's runtime processes, one after the other: lines go to
/// the function's log, and the end of what was printed is kept for the caller who asks for it.
/// Owned by the Environment; runs on the shard's executor. However much is printed, no more is kept
/// than the tail and one line; a log that cannot follow lets the function wait in its writes.
class OutputCapture {
 public:
  /// Lambda returns the last 4 KB of the log with LogType=Tail.
  static constexpr std::size_t kTailSize = 4096;

  /// `log` may be none; it outlives this.
  OutputCapture(boost::asio::any_io_executor executor, logs::LogWriter* log);
  ~OutputCapture() { close(); }

  /// From here on lines go into this stream's log. Before, they are in the tail alone.
  void set_stream(logs::LogStreamPtr stream);
  /// Whose lines follow; none: nobody's.
  void set_request(const logs::RequestId& request);
  /// Goes on with the pipe of another process; what is still in the last one is taken first.
  void attach(os::UniqueFd pipe);

  /// Ends a line that has no newline yet: what follows is of another call.
  void end_line();
  /// Takes everything that is in the pipe now, so that what a function printed before its answer is
  /// seen with that answer, and ends its last line. Never blocks.
  void drain();
  /// Appends a line of the platform (START, END, REPORT) to the tail, beginning on a line of its
  /// own.
  void add_platform_line(std::string_view line);
  /// What was printed since the last take_tail(), 4 KiB at most.
  std::string take_tail();
  /// Stops reading. What a process still prints is lost.
  void close();

 private:
  struct Sink;
  struct Pipe;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<Sink> sink_;  // a pipe's handler may run after this
  std::shared_ptr<Pipe> pipe_;  // as may the pipe
};

}  // namespace proa::environment
