// Link: the host's end of a control or runtime link (frames.h), on an io_context.
//
// Used by the daemon towards proa-init (control) and language bootstraps (runtime). Reads and
// writes are tried directly; the reactor is asked only when the socket has nothing to give or no
// room (async_write through the scheduler costs a third of a warm call's time). A peer that floods
// is read only as fast as receive() is called, into a buffer that holds one frame at most and grows
// with the bytes that arrived, not with the length a header claims.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "frames/frames.h"
#include "os/unique_fd.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace proa::frames {

/// One received frame. The body lies in the Link's buffer until its next receive.
struct Frame {
  Type type = Type::ready;
  std::string_view body;
};

/// Descriptors of a link that has a socket of its own for each direction. Where the peer blocks in
/// read(2), one socket for both would wake it in vain: when we take what it sent, the kernel wakes
/// whoever sleeps on the sender's socket, as if for room to write (Linux 6.18, net/unix/af_unix.c:
/// sock_wfree(), unix_write_space()). That is a wake-up and two switches for each answer.
struct LinkFds {
  os::UniqueFd in;   ///< frames to us
  os::UniqueFd out;  ///< frames from us
};

/// Both ends of such a link, new. Errc: exhausted, os.
Result<std::pair<LinkFds, LinkFds>> make_link();

/// Connected Unix stream sockets that carry frames: one, or one for each direction. Belongs to one
/// executor and one thread. At most one receive and one send may be pending at a time (checked).
/// Must outlive its pending operations: cancel() or close() it and join them first. Cancelling an
/// operation through its coroutine's cancellation slot gives Errc::cancelled; a receive loses
/// nothing by it, while a send that was cut in the middle of a frame makes every later send fail.
class Link {
 public:
  /// Bodies beyond this are refused (kMaxBody, or less where only short frames are expected).
  struct Limits {
    std::uint32_t body_max = kMaxBody;
  };
  /// Buffers that a send gathers beside the header.
  static constexpr std::size_t kMaxParts = 15;

  /// Takes over a connected stream socket. Errc: exhausted, os.
  static Result<std::unique_ptr<Link>> adopt(const boost::asio::any_io_executor& executor,
                                             os::UniqueFd socket, Limits limits);
  /// The same with the limits of the format.
  static Result<std::unique_ptr<Link>> adopt(const boost::asio::any_io_executor& executor,
                                             os::UniqueFd socket);
  /// One socket for each direction; limits of the format. Errc as above.
  static Result<std::unique_ptr<Link>> adopt(const boost::asio::any_io_executor& executor,
                                             LinkFds sockets);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// The next frame, when it has come. Errc: unavailable (the peer closed, also inside a frame),
  /// corrupt (not a frame, or longer than the limit), exhausted, os, cancelled. Which types make
  /// sense is the caller's to judge. Descriptors that a peer attaches are closed by the kernel.
  Task<Frame> receive();
  /// The next frame if it is here already; nothing otherwise. Never waits. Errc as above.
  std::optional<Result<Frame>> try_receive();

  /// Sends one frame whose body is the parts one after the other, with one sendmsg(2) when the
  /// socket has room; waits for room otherwise. The parts and their bytes must live until the await
  /// ends. Errc: too_large (body beyond kMaxBody; nothing was sent), unavailable (the peer closed,
  /// or an earlier send was cut), os, cancelled.
  Task<void> send(Type type, std::span<const std::string_view> parts);
  /// The same with descriptors attached to the frame's first byte. The caller keeps its copies.
  Task<void> send_with_fds(Type type, std::span<const std::string_view> parts,
                           std::span<const int> fds);

  /// Ends a pending receive and send with Errc::cancelled; the Link stays usable as said above.
  void cancel();
  /// Closes the socket; the peer sees the end of the link. Pending operations end with cancelled.
  void close();
  bool is_open() const { return descriptor_.is_open(); }

 private:
  class Outgoing;

  Link(const boost::asio::any_io_executor& executor, Limits limits);

  std::optional<Result<Frame>> take_frame();
  bool make_room();
  Result<bool> read_some();
  Result<bool> write_some(Outgoing& outgoing, std::span<const int> fds);

  boost::asio::posix::stream_descriptor& outlet() { return out_.is_open() ? out_ : descriptor_; }

  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::posix::stream_descriptor out_;  // open where the link has a socket for sending
  Limits limits_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // unread bytes are [begin_, end_)
  std::size_t end_ = 0;
  // Only set around waits, so that a coroutine destroyed while it waits touches nothing here.
  bool is_receiving_ = false;
  bool is_sending_ = false;
  bool is_cut_ = false;  // half a frame went out: the peer cannot make sense of more
};

}  // namespace proa::frames
