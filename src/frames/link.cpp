#include "frames/link.h"

#include "base/check.h"
#include "os/seqpacket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace proa::frames {
namespace {

namespace asio = boost::asio;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
// Room for nearly every answer in one read; an idle environment keeps this much.
constexpr std::size_t kBufferSize = std::size_t{16} * 1024;
// A buffer that one large frame made bigger than this goes back once it is empty.
constexpr std::size_t kBufferKeptMax = std::size_t{256} * 1024;

using Descriptors = std::array<int, kMaxStartDescriptors>;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

Error link_error(std::string_view what, int error) {
  if (error == EPIPE || error == ECONNRESET) {
    return Error(Errc::unavailable, std::string(what) + ": the peer closed the link", error);
  }
  return os_error(what, error);
}

Error stopped_error(std::string_view what) {
  return Error(Errc::cancelled, std::string(what) + ": given up while waiting for the peer");
}

}  // namespace

// A frame on its way out: header and parts as an iovec that shrinks as bytes are taken.
class Link::Outgoing {
 public:
  Outgoing(Type type, std::span<const std::string_view> parts, std::uint32_t body_size) {
    encode_header({.body_size = body_size, .type = type}, header_);
    vectors_[count_++] = {header_.data(), header_.size()};
    for (const auto part : parts) {
      if (!part.empty()) vectors_[count_++] = {const_cast<char*>(part.data()), part.size()};
    }
  }
  Outgoing(const Outgoing&) = delete;  // the iovec points into it
  Outgoing& operator=(const Outgoing&) = delete;

  bool is_done() const { return first_ == count_; }
  bool is_begun() const { return is_begun_; }
  std::span<iovec> rest() { return std::span(vectors_).subspan(first_, count_ - first_); }
  void taken(std::size_t size) {
    is_begun_ = is_begun_ || size > 0;
    while (size > 0) {
      auto& vector = vectors_[first_];
      const std::size_t step = std::min(size, vector.iov_len);
      vector.iov_base = static_cast<char*>(vector.iov_base) + step;
      vector.iov_len -= step;
      size -= step;
      if (vector.iov_len == 0) ++first_;
    }
  }

 private:
  std::array<std::byte, kHeaderSize> header_{};
  std::array<iovec, kMaxParts + 1> vectors_{};
  std::size_t count_ = 0;
  std::size_t first_ = 0;
  bool is_begun_ = false;
};

Result<std::pair<LinkFds, LinkFds>> make_link() {
  TRY(auto there, os::stream_pair());
  TRY(auto back, os::stream_pair());
  std::pair<LinkFds, LinkFds> ends;
  ends.first.in = std::move(back.first);
  ends.first.out = std::move(there.first);
  ends.second.in = std::move(there.second);
  ends.second.out = std::move(back.second);
  return ends;
}

Link::Link(const asio::any_io_executor& executor, Limits limits)
    : descriptor_(executor), out_(executor), limits_(limits) {}

Result<std::unique_ptr<Link>> Link::adopt(const asio::any_io_executor& executor,
                                          os::UniqueFd socket, Limits limits) {
  std::unique_ptr<Link> link(new Link(executor, limits));
  boost::system::error_code error;
  link->descriptor_.assign(socket.get(), error);
  if (error) return os_error("register a link", error.value());
  static_cast<void>(socket.release());
  return link;
}

Result<std::unique_ptr<Link>> Link::adopt(const asio::any_io_executor& executor,
                                          os::UniqueFd socket) {
  return adopt(executor, std::move(socket), Limits{});
}

Result<std::unique_ptr<Link>> Link::adopt(const asio::any_io_executor& executor, LinkFds sockets) {
  TRY(auto link, adopt(executor, std::move(sockets.in)));
  boost::system::error_code error;
  link->out_.assign(sockets.out.get(), error);
  if (error) return os_error("register a link", error.value());
  static_cast<void>(sockets.out.release());
  return link;
}

Task<Frame> Link::receive() {
  check(!is_receiving_, "one receive at a time on a link");
  for (;;) {
    if (auto frame = take_frame()) co_return std::move(*frame);
    if (!descriptor_.is_open()) co_return Error(Errc::unavailable, "receive: the link is closed");
    if ((begin_ == end_ || end_ == capacity_) && !make_room()) {
      co_return Error(Errc::exhausted, "receive: no memory for a frame");
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return stopped_error("receive");
    // Asio tries at once, and reads itself when the socket has become readable: one call less than
    // waiting for that and reading here.
    const asio::mutable_buffer room(buffer_.get() + end_, capacity_ - end_);
    is_receiving_ = true;
    const auto [error, count] = co_await descriptor_.async_read_some(room, kAwait);
    is_receiving_ = false;
    if (!error) {
      end_ += count;
      continue;
    }
    if (error == asio::error::operation_aborted) co_return stopped_error("receive");
    if (error == asio::error::eof) {
      co_return Error(Errc::unavailable, "receive: the peer closed the link");
    }
    co_return link_error("receive", error.value());
  }
}

std::optional<Result<Frame>> Link::try_receive() {
  check(!is_receiving_, "one receive at a time on a link");
  for (;;) {
    if (auto frame = take_frame()) return frame;
    const auto has_more = read_some();
    if (!has_more) return Result<Frame>(has_more.error());
    if (!has_more.value()) return std::nullopt;
  }
}

// The frame at the front of the buffer, if all of it is there.
std::optional<Result<Frame>> Link::take_frame() {
  const std::span<const std::byte> unread(buffer_.get() + begin_, end_ - begin_);
  Header header;
  const Status status = decode_header(unread, header);
  if (status == Status::need_more) return std::nullopt;
  if (status == Status::malformed) {
    return Result<Frame>(Error(Errc::corrupt, "link: what came is not a frame"));
  }
  if (header.body_size > limits_.body_max) {
    return Result<Frame>(Error(
        Errc::corrupt, "link: a frame of " + std::to_string(header.body_size) +
                           " bytes exceeds the limit of " + std::to_string(limits_.body_max)));
  }
  if (unread.size() - kHeaderSize < header.body_size) return std::nullopt;
  const auto* body = reinterpret_cast<const char*>(unread.data() + kHeaderSize);
  begin_ += kHeaderSize + header.body_size;
  return Result<Frame>(Frame{header.type, std::string_view(body, header.body_size)});
}

// Makes the buffer have free bytes at its end. Called when it holds no whole frame, so what it
// holds is at most one byte short of the largest. False: no memory.
bool Link::make_room() {
  const std::size_t unread = end_ - begin_;
  if (unread == 0) {
    begin_ = end_ = 0;
    if (capacity_ > kBufferKeptMax) {
      buffer_.reset();
      capacity_ = 0;
    }
  }
  const std::size_t largest = std::max<std::size_t>(kHeaderSize + limits_.body_max, kBufferSize);
  // Doubling costs a peer one byte sent for each that we hold.
  const std::size_t needed =
      unread < kBufferSize / 2 ? kBufferSize : std::min(largest, std::max(kBufferSize, unread * 2));
  if (capacity_ < needed) {
    std::unique_ptr<std::byte[]> bigger(new (std::nothrow) std::byte[needed]);
    if (bigger == nullptr) return false;
    if (unread > 0) std::memcpy(bigger.get(), buffer_.get() + begin_, unread);
    buffer_ = std::move(bigger);
    capacity_ = needed;
  } else if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, unread);
  }
  begin_ = 0;
  end_ = unread;
  return true;
}

// Reads once. False: nothing is there at the moment.
Result<bool> Link::read_some() {
  if (!descriptor_.is_open()) return Error(Errc::unavailable, "receive: the link is closed");
  if ((begin_ == end_ || end_ == capacity_) && !make_room()) {
    return Error(Errc::exhausted, "receive: no memory for a frame");
  }
  for (;;) {
    const ssize_t count =
        ::recv(descriptor_.native_handle(), buffer_.get() + end_, capacity_ - end_, MSG_DONTWAIT);
    if (count > 0) {
      end_ += static_cast<std::size_t>(count);
      return true;
    }
    if (count == 0) return Error(Errc::unavailable, "receive: the peer closed the link");
    if (would_block(errno)) return false;
    if (errno != EINTR) return link_error("receive", errno);
  }
}

Task<void> Link::send(Type type, std::span<const std::string_view> parts) {
  return send_with_fds(type, parts, {});
}

Task<void> Link::send_with_fds(Type type, std::span<const std::string_view> parts,
                               std::span<const int> fds) {
  check(!is_sending_, "one send at a time on a link");
  check(parts.size() <= kMaxParts, "a frame is sent from at most 15 parts");
  check(fds.size() <= kMaxStartDescriptors, "a frame carries at most 16 descriptors");
  std::size_t body_size = 0;
  for (const auto part : parts) body_size += part.size();
  if (body_size > kMaxBody) {
    co_return Error(Errc::too_large, "send: a body of " + std::to_string(body_size) +
                                         " bytes exceeds the limit of " + std::to_string(kMaxBody));
  }
  if (is_cut_) co_return Error(Errc::unavailable, "send: an earlier frame was cut in the middle");
  Outgoing outgoing(type, parts, static_cast<std::uint32_t>(body_size));
  while (!outgoing.is_done()) {
    CO_TRY(const bool has_room, write_some(outgoing, fds));
    if (has_room) continue;
    // Holds unless the wait ends well: half a frame may stay out there.
    is_cut_ = outgoing.is_begun();
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return stopped_error("send");
    is_sending_ = true;
    const auto [error] =
        co_await outlet().async_wait(asio::posix::stream_descriptor::wait_write, kAwait);
    is_sending_ = false;
    if (error) co_return stopped_error("send");
    is_cut_ = false;
  }
  co_return ok();
}

// Writes once. False: the socket has no room at the moment.
Result<bool> Link::write_some(Outgoing& outgoing, std::span<const int> fds) {
  if (!descriptor_.is_open()) return Error(Errc::unavailable, "send: the link is closed");
  const auto rest = outgoing.rest();
  msghdr message{};
  message.msg_iov = rest.data();
  message.msg_iovlen = rest.size();
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(Descriptors))> extra{};
  if (!fds.empty() && !outgoing.is_begun()) {
    message.msg_control = extra.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size_bytes());
  }
  for (;;) {
    const ssize_t count =
        ::sendmsg(outlet().native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      outgoing.taken(static_cast<std::size_t>(count));
      return true;
    }
    if (would_block(errno)) return false;
    if (errno == EINTR) continue;
    is_cut_ = outgoing.is_begun();
    return link_error("send", errno);
  }
}

void Link::cancel() {
  boost::system::error_code ignored;
  descriptor_.cancel(ignored);
  if (out_.is_open()) out_.cancel(ignored);
}

void Link::close() {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  out_.close(ignored);
}

}  // namespace proa::frames
