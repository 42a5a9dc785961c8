// The daemon's end of a guest's port: the control link's frames, and streams that are joined to
// sockets of ours. Private to sandbox/.
//
// What a container gets as descriptors, a guest gets as streams through its one port. Here each of
// them ends in a socket pair, so that what is above a sandbox finds the same in both. See
// frames/streams.h.
#pragma once

#include "base/pending.h"
#include "base/task_group.h"
#include "frames/streams.h"
#include "sandbox/sandbox.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proa::sandbox {

/// Wakes the one coroutine that waits; remembered until then.
class Wake {
 public:
  explicit Wake(const boost::asio::any_io_executor& executor)
      : timer_(executor, SteadyTime::max()) {}
  void raise();
  boost::asio::awaitable<void> wait();

 private:
  boost::asio::steady_timer timer_;
  bool is_raised_ = false;
};

/// One port. Owned by its sandbox; close() and join() before destruction. Everything is called on
/// the executor, what Events holds too. A guest that says what makes no sense loses its port.
class GuestPort {
 public:
  struct Events {
    /// A frame of the control link with its body, 64 bytes at most. False: it makes no sense.
    std::function<bool(frames::Type, std::string_view)> frame;
    /// A program inside has connected to a service; the socket is that of the one who serves it.
    std::function<void(frames::Service, os::UniqueFd)> connection;
    /// The port is closed, by whomever; once.
    std::function<void()> ended;
  };

  /// Takes over a connected stream socket. Errc: os.
  static Result<std::unique_ptr<GuestPort>> adopt(const boost::asio::any_io_executor& executor,
                                                  os::UniqueFd port, Events events);
  ~GuestPort();
  GuestPort(const GuestPort&) = delete;
  GuestPort& operator=(const GuestPort&) = delete;

  /// Has a process started; `body` is that of the frame. Errc: unavailable (the port is closed, or
  /// the streams of the last process are not over: process_over()), exhausted, os.
  Result<RuntimeProcess> start_process(std::string_view body);
  /// Our ends of the process of a template, in a copy of it, as start_process() gives them. What
  /// the guest has `said` since that process was started, see recorded(), comes again: it was said
  /// to the template's port. Instead of start_process(). Errc: corrupt, as start_process().
  Result<RuntimeProcess> take_over_process(std::string_view said);
  /// What the guest says from now on, until it holds, is kept as it comes. More than `most` bytes
  /// and connections, which its copies would open again, make no sense meanwhile.
  void record(std::size_t most);
  const std::string& recorded() const { return recorded_; }
  /// The port is closed because of that.
  bool has_said_too_much() const { return has_said_too_much_; }
  /// Waits until what the last process wrote is delivered and its streams are over. Errc: deadline.
  Task<void> process_over(SteadyTime deadline);
  void kill_all() { send(frames::Type::kill_all, {}); }
  void set_clock(std::chrono::system_clock::time_point now);
  void hold() { send(frames::Type::hold, {}); }
  /// `view` gets its time here.
  void restore(frames::RestoreView view, std::chrono::system_clock::time_point now);
  void mount(bool has_layers);

  void close();
  boost::asio::awaitable<void> join() { return tasks_.join(); }

 private:
  /// A stream and the sockets that it is joined to.
  struct Joined;
  using JoinedPtr = std::shared_ptr<Joined>;
  /// Control frames before any process runs are short, and so are those after it.
  static constexpr std::size_t kControlBodyMax = 64;

  GuestPort(const boost::asio::any_io_executor& executor, Events events);

  void send(frames::Type type, std::string_view body);
  Result<RuntimeProcess> open_process();
  boost::asio::awaitable<void> read();
  boost::asio::awaitable<void> write();
  /// The frames that are whole; how many bytes they take. Nothing: one of them makes no sense.
  std::optional<std::size_t> take_frames(std::span<const std::byte> bytes);
  bool take_frame(const frames::Header& header, std::span<const std::byte> body);
  /// False: it is more than record() allows.
  bool keep(frames::Type type, std::span<const std::byte> frame);
  void accept(frames::Stream& stream);
  void join_stream(frames::Stream& stream, os::UniqueFd from, os::UniqueFd to);
  boost::asio::awaitable<void> deliver(JoinedPtr joined);
  boost::asio::awaitable<void> collect(JoinedPtr joined);
  bool is_output_told(Joined& joined);
  void wake_those_behind_output();
  void pump_ended(const JoinedPtr& joined);
  static void wake(Joined& joined);
  /// What follows from what was taken: streams are woken, those that are over are released.
  bool settle();

  boost::asio::any_io_executor executor_;
  boost::asio::posix::stream_descriptor port_;
  Events events_;
  std::unique_ptr<frames::Streams> streams_;  ///< two megabytes, of which used ones are touched
  std::array<JoinedPtr, frames::Streams::kPlaces> joined_;
  std::vector<std::byte> out_;
  bool is_recording_ = false;
  std::size_t record_max_ = 0;
  std::string recorded_;
  bool has_said_too_much_ = false;
  std::uint64_t output_told_ = 0;  ///< bytes, of all processes
  Wake out_due_;
  Pending<bool> process_over_;
  bool is_closed_ = false;
  TaskGroup tasks_;
};

}  // namespace proa::sandbox
