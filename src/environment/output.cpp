#include "environment/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace proa::environment {
namespace {
constexpr std::size_t kMaxDrain = 4U << 20U;
}

void OutputCapture::Tail::append(std::string_view more) {
  text.append(more.substr(more.size() - std::min(more.size(), kTailSize)));
  if (text.size() > 2 * kTailSize) text.erase(0, text.size() - kTailSize);
}

struct OutputCapture::Pipe : std::enable_shared_from_this<Pipe> {
  Pipe(const boost::asio::any_io_executor& executor, int fd, std::shared_ptr<Tail> shared)
      : pipe(executor, fd), tail(std::move(shared)) {}

  void listen() {
    pipe.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [self = shared_from_this()](boost::system::error_code failed) {
                      if (failed || !self->pipe.is_open()) return;
                      if (self->read_available()) self->listen();
                    });
  }

  // False at the end of the pipe.
  bool read_available() {
    if (!pipe.is_open()) return false;
    std::array<char, 16'384> buffer;
    for (std::size_t total = 0; total < kMaxDrain;) {
      const ssize_t count = ::read(pipe.native_handle(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno == EAGAIN;
      if (count == 0) {
        close();
        return false;
      }
      tail->append({buffer.data(), static_cast<std::size_t>(count)});
      total += static_cast<std::size_t>(count);
    }
    return true;
  }

  void close() {
    boost::system::error_code ignored;
    pipe.close(ignored);
  }

  boost::asio::posix::stream_descriptor pipe;
  std::shared_ptr<Tail> tail;
};

void OutputCapture::attach(os::UniqueFd pipe) {
  drain();
  close();
  ::fcntl(pipe.get(), F_SETFL, ::fcntl(pipe.get(), F_GETFL) | O_NONBLOCK);
  pipe_ = std::make_shared<Pipe>(executor_, pipe.release(), tail_);
  pipe_->listen();
}

void OutputCapture::drain() {
  if (pipe_) pipe_->read_available();
}

void OutputCapture::add_platform_line(std::string_view line) {
  if (!tail_->text.empty() && tail_->text.back() != '\n') tail_->append("\n");
  tail_->append(line);
}

std::string OutputCapture::take_tail() {
  std::string tail = std::move(tail_->text);
  tail_->text.clear();
  if (tail.size() > kTailSize) tail.erase(0, tail.size() - kTailSize);
  return tail;
}

void OutputCapture::close() {
  if (pipe_) pipe_->close();
}

}  // namespace proa::environment
