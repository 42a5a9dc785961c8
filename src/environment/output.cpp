#include "environment/output.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace proa::environment {
namespace {
/// Read at a time: others on the shard have their turn in between.
constexpr std::size_t kTurn = std::size_t{256} * 1024;

/// Bytes in a pipe or a socket; 0: it cannot be asked.
std::size_t waiting_in(int fd) {
  int waiting = 0;
  return ::ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0 ? static_cast<std::size_t>(waiting)
                                                             : 0;
}

}  // namespace

struct OutputCapture::Sink {
  void append(std::string_view more) {
    append_tail(more);
    if (log != nullptr && stream) append_to_log(more);
  }

  void append_tail(std::string_view more) {
    tail.append(more.substr(more.size() - std::min(more.size(), kTailSize)));
    if (tail.size() > 2 * kTailSize) tail.erase(0, tail.size() - kTailSize);
  }

  void append_to_log(std::string_view more) {
    while (!more.empty()) {
      const auto newline = more.find('\n');
      const bool is_whole = newline != std::string_view::npos;
      const std::string_view part = more.substr(0, newline);
      more.remove_prefix(is_whole ? newline + 1 : more.size());
      if (is_whole && line.empty() && part.size() <= logs::kMessageMax) {
        log->output(stream, request, part);
        continue;
      }
      add_to_line(part);
      if (is_whole) end_line(true);
    }
  }

  // A line longer than an event may be becomes several.
  void add_to_line(std::string_view part) {
    while (line.size() + part.size() > logs::kMessageMax) {
      const std::size_t room = logs::kMessageMax - line.size();
      line.append(part.substr(0, room));
      part.remove_prefix(room);
      end_line(true);
    }
    line.append(part);
  }

  void end_line(bool is_empty_one_too) {
    if (line.empty() && !is_empty_one_too) return;
    log->output(stream, request, line);
    line.clear();
  }

  logs::LogWriter* log = nullptr;
  logs::LogStreamPtr stream;
  logs::RequestId request{};
  std::string line;  ///< that has not ended yet
  std::string tail;
};

struct OutputCapture::Pipe : std::enable_shared_from_this<Pipe> {
  Pipe(const boost::asio::any_io_executor& executor, int fd, std::shared_ptr<Sink> shared)
      : pipe(executor, fd), sink(std::move(shared)) {}

  void listen() {
    pipe.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [self = shared_from_this()](boost::system::error_code failed) {
                      if (!failed) self->read_when_clear();
                    });
  }

  // The pipe fills meanwhile, and who writes to it waits. Before each turn: many are told at once
  // that the log is clear, and what they would all read is more than it takes.
  void read_when_clear() {
    if (!pipe.is_open()) return;
    if (sink->log != nullptr && sink->log->is_congested()) {
      return sink->log->call_when_clear([self = shared_from_this()] { self->read_when_clear(); });
    }
    if (read_available(kTurn)) listen();
  }

  /// What is there now, and not what comes meanwhile.
  void read_waiting() {
    if (pipe.is_open()) read_available(waiting_in(pipe.native_handle()));
  }

  // False at the end of the pipe.
  bool read_available(std::size_t most) {
    if (!pipe.is_open()) return false;
    std::array<char, 16'384> buffer;
    for (std::size_t total = 0; total < most;) {
      const ssize_t count = ::read(pipe.native_handle(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno == EAGAIN;
      if (count == 0) {
        close();
        return false;
      }
      sink->append({buffer.data(), static_cast<std::size_t>(count)});
      total += static_cast<std::size_t>(count);
    }
    return true;
  }

  void close() {
    boost::system::error_code ignored;
    pipe.close(ignored);
  }

  boost::asio::posix::stream_descriptor pipe;
  std::shared_ptr<Sink> sink;
};

OutputCapture::OutputCapture(boost::asio::any_io_executor executor, logs::LogWriter* log)
    : executor_(std::move(executor)), sink_(std::make_shared<Sink>()) {
  sink_->log = log;
}

void OutputCapture::set_stream(logs::LogStreamPtr stream) { sink_->stream = std::move(stream); }

void OutputCapture::set_request(const logs::RequestId& request) { sink_->request = request; }

void OutputCapture::attach(os::UniqueFd pipe) {
  drain();
  close();
  ::fcntl(pipe.get(), F_SETFL, ::fcntl(pipe.get(), F_GETFL) | O_NONBLOCK);
  pipe_ = std::make_shared<Pipe>(executor_, pipe.release(), sink_);
  pipe_->listen();
}

void OutputCapture::end_line() {
  if (sink_->log != nullptr && sink_->stream) sink_->end_line(false);
}

void OutputCapture::drain() {
  if (pipe_) pipe_->read_waiting();
  end_line();
}

void OutputCapture::add_platform_line(std::string_view line) {
  if (!sink_->tail.empty() && sink_->tail.back() != '\n') sink_->append_tail("\n");
  sink_->append_tail(line);
}

std::string OutputCapture::take_tail() {
  std::string tail = std::move(sink_->tail);
  sink_->tail.clear();
  if (tail.size() > kTailSize) tail.erase(0, tail.size() - kTailSize);
  return tail;
}

void OutputCapture::close() {
  if (pipe_) pipe_->close();
}

}  // namespace proa::environment
