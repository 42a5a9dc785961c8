#include "sandbox/job_stream.h"

#include "os/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <vector>

namespace proa::sandbox {
namespace {

constexpr std::size_t kWordsMax = 2048;
constexpr std::size_t kMovedAtOnce = std::size_t{256} * 1024;
constexpr std::int64_t kPollMost = 60'000;

bool is_transient() { return errno == EINTR || errno == EAGAIN; }

class Moving {
 public:
  Moving(JobStream stream, Bytes most)
      : stream_(std::move(stream)), most_(most), buffer_(kMovedAtOnce) {
    if (stream_.input_file < 0) stream_.to_program.reset();
  }

  Result<std::string> run(SteadyTime deadline) {
    while (stream_.product || stream_.words) {
      std::array<pollfd, 4> waits{
          pollfd{stream_.product.get(), POLLIN, 0}, pollfd{stream_.words.get(), POLLIN, 0},
          pollfd{stream_.to_program.get(), POLLOUT, 0}, pollfd{stream_.stopped, POLLIN, 0}};
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      const auto wait = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kPollMost));
      const int ready = ::poll(waits.data(), waits.size(), wait);
      if (ready < 0 && errno != EINTR) return os_error("wait for a program");
      if (ready == 0 && left.count() <= 0)
        return Error(Errc::deadline, "the program takes too long");
      if (waits[3].revents != 0) return Error(Errc::cancelled, "the daemon stops");
      if (waits[0].revents != 0) {
        TRY(take_product());
      }
      if (waits[1].revents != 0) {
        TRY(take_words());
      }
      if (waits[2].revents != 0) {
        TRY(give_input());
      }
    }
    return std::move(words_);
  }

 private:
  /// What could be read; nothing at the end, which closes it.
  Result<std::span<const char>> read_from(os::UniqueFd& end) {
    const ssize_t count = ::read(end.get(), buffer_.data(), buffer_.size());
    if (count > 0) return std::span<const char>(buffer_.data(), static_cast<std::size_t>(count));
    // ECONNRESET: a stream socket whose other end went with something unread.
    if (count == 0 || errno == ECONNRESET) {
      end.reset();
    } else if (!is_transient()) {
      return os_error("read from a program");
    }
    return std::span<const char>();
  }

  Result<void> take_product() {
    TRY(const auto bytes, read_from(stream_.product));
    taken_ += bytes.size();
    if (taken_ > most_.count()) {
      return Error(Errc::too_large,
                   "the program has made more than " + std::to_string(most_.count()) + " bytes");
    }
    return os::write_fully(stream_.product_file, {bytes.data(), bytes.size()},
                           "what a program has made");
  }

  Result<void> take_words() {
    TRY(const auto bytes, read_from(stream_.words));
    words_.append(bytes.data(), bytes.size());
    if (words_.size() > kWordsMax) words_.erase(0, words_.size() - kWordsMax);
    return ok();
  }

  // A program need not read all of it.
  Result<void> give_input() {
    const ssize_t have =
        ::pread(stream_.input_file, buffer_.data(), buffer_.size(), static_cast<off_t>(given_));
    if (have < 0) return os_error("read a program's input");
    const ssize_t count = have == 0
                              ? 0
                              : ::send(stream_.to_program.get(), buffer_.data(),
                                       static_cast<std::size_t>(have), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      given_ += static_cast<std::uint64_t>(count);
    } else if (count == 0 || !is_transient()) {
      stream_.to_program.reset();
    }
    return ok();
  }

  JobStream stream_;
  Bytes most_;
  std::vector<char> buffer_;
  std::string words_;
  std::uint64_t taken_ = 0;
  std::uint64_t given_ = 0;
};

}  // namespace

Result<std::string> move_bytes(JobStream stream, Bytes most, SteadyTime deadline) {
  return Moving(std::move(stream), most).run(deadline);
}

}  // namespace proa::sandbox
