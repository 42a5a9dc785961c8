#include "environment/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace proa::environment {
namespace {
constexpr std::size_t kMaxDrain = 4U << 20U;
}

struct OutputCapture::State : std::enable_shared_from_this<State> {
  State(const boost::asio::any_io_executor& executor, int fd) : pipe(executor, fd) {}

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
        boost::system::error_code ignored;
        pipe.close(ignored);
        return false;
      }
      append({buffer.data(), static_cast<std::size_t>(count)});
      total += static_cast<std::size_t>(count);
    }
    return true;
  }

  void append(std::string_view text) {
    tail.append(text.substr(text.size() - std::min(text.size(), kTailSize)));
    if (tail.size() > 2 * kTailSize) tail.erase(0, tail.size() - kTailSize);
  }

  boost::asio::posix::stream_descriptor pipe;
  std::string tail;
};

OutputCapture::OutputCapture(boost::asio::any_io_executor executor, os::UniqueFd pipe) {
  ::fcntl(pipe.get(), F_SETFL, ::fcntl(pipe.get(), F_GETFL) | O_NONBLOCK);
  state_ = std::make_shared<State>(executor, pipe.release());
  state_->listen();
}

OutputCapture::~OutputCapture() { close(); }

void OutputCapture::drain() { state_->read_available(); }

void OutputCapture::add_platform_line(std::string_view line) {
  if (!state_->tail.empty() && state_->tail.back() != '\n') state_->append("\n");
  state_->append(line);
}

std::string OutputCapture::take_tail() {
  std::string tail = std::move(state_->tail);
  state_->tail.clear();
  if (tail.size() > kTailSize) tail.erase(0, tail.size() - kTailSize);
  return tail;
}

void OutputCapture::close() {
  boost::system::error_code ignored;
  state_->pipe.close(ignored);
}

}  // namespace proa::environment
