// QEMU's monitor: how a machine's state is written and read. Private to sandbox/.
//
// QMP: JSON objects, a line each. https://www.qemu.org/docs/master/interop/qmp-spec.html
#pragma once

#include "base/pending.h"
#include "base/task_group.h"
#include "os/unique_fd.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace proa::sandbox {

/// What a line of the monitor means for what it is asked for: a transfer, or a disk.
struct MonitorNews {
  enum class Kind : std::uint8_t { nothing, done, failed };
  Kind kind = Kind::nothing;
  std::string reason;  ///< of a failure, which always has one
};
/// Reads a line that QEMU has written, which a guest may have taken over: anything is possible.
MonitorNews read_monitor_line(std::string_view line);

/// One machine's monitor: for one transfer of its state, and what follows. Owned by its Guest;
/// close() and join() before destruction. Everything is called on the executor, one at a time.
class Monitor {
 public:
  /// Takes over a connected stream socket. Errc: os.
  static Result<std::unique_ptr<Monitor>> adopt(const boost::asio::any_io_executor& executor,
                                                os::UniqueFd monitor);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// Stops the machine and writes what is not in its memory file into `state`, a file. Errc:
  /// unavailable (says why not), deadline.
  Task<void> save(int state, SteadyTime deadline);
  /// Has the machine go on from `state`, a file with a place of its own to read at. Errc: likewise.
  Task<void> load(int state, SteadyTime deadline);
  /// Puts `image`, a file, in the place of what is on the disk of a copy with that name: read-only,
  /// and once for each disk. After load(). Errc: likewise.
  Task<void> insert(const char* disk, int image, SteadyTime deadline);

  void close();
  boost::asio::awaitable<void> join() { return tasks_.join(); }

 private:
  explicit Monitor(const boost::asio::any_io_executor& executor);

  Task<void> transfer(int state, std::string_view command, SteadyTime deadline);
  /// One message: QEMU takes the commands in their order, and `file` with the first byte.
  Task<void> ask(std::string_view commands, int file, SteadyTime deadline, const char* what);
  boost::asio::awaitable<void> read();

  boost::asio::posix::stream_descriptor socket_;
  bool is_closed_ = false;
  int sets_ = 0;                  ///< of descriptors, made by insert()
  Pending<std::string> outcome_;  ///< of what was asked last: empty, or why it failed
  TaskGroup tasks_;
};

}  // namespace proa::sandbox
