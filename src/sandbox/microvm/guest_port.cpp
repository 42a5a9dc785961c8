#include "sandbox/microvm/guest_port.h"

#include "base/check.h"
#include "os/seqpacket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace proa::sandbox {
namespace asio = boost::asio;
namespace {

using frames::Stream;
using frames::Streams;
using Socket = asio::posix::stream_descriptor;

/// What is read from the port at once: two frames of data and more of the short ones.
constexpr std::size_t kReadAtOnce = 4 * frames::kStreamPiece;
/// All short frames of all streams fit.
constexpr std::size_t kShortFrames = 4096;

auto as_result() { return asio::as_tuple(asio::use_awaitable); }

std::uint64_t ns_since_1970(std::chrono::system_clock::time_point now) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(now.time_since_epoch()).count());
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

void Wake::raise() {
  is_raised_ = true;
  timer_.cancel();
}

asio::awaitable<void> Wake::wait() {
  if (!is_raised_) co_await timer_.async_wait(as_result());
  is_raised_ = false;
}

struct GuestPort::Joined {
  explicit Joined(const asio::any_io_executor& executor)
      : from(executor), to(executor), came(executor), room(executor) {}

  Stream* stream = nullptr;
  Socket from;  ///< what is read here goes to the guest; closed where nothing does
  Socket to;    ///< what the guest sends goes here; likewise
  Wake came;    ///< bytes or the end of `to`
  Wake room;    ///< for bytes of `from`
  /// What waits for `to` is told behind this many bytes of output; nothing: that is not known.
  std::optional<std::uint64_t> output_before;
  int pumps = 0;  ///< that still use the stream
};

Result<std::unique_ptr<GuestPort>> GuestPort::adopt(const asio::any_io_executor& executor,
                                                    os::UniqueFd port, Events events) {
  std::unique_ptr<GuestPort> made(new GuestPort(executor, std::move(events)));
  boost::system::error_code failed;
  made->port_.assign(port.get(), failed);
  if (failed) return os_error("adopt a guest's port", failed.value());
  port.release();
  made->tasks_.spawn(made->read());
  made->tasks_.spawn(made->write());
  return made;
}

GuestPort::GuestPort(const asio::any_io_executor& executor, Events events)
    : executor_(executor),
      port_(executor),
      events_(std::move(events)),
      streams_(new Streams(false)),
      out_due_(executor),
      process_over_(executor),
      tasks_(executor) {
  process_over_.set(true);
}

GuestPort::~GuestPort() {
  check(tasks_.running() == 0, "a guest's port must be joined before it is destroyed");
}

void GuestPort::send(frames::Type type, std::string_view body) {
  if (is_closed_) return;
  const std::size_t begin = out_.size();
  out_.resize(begin + frames::kHeaderSize + body.size());
  const auto frame = std::span(out_).subspan(begin);
  frames::encode_header({.body_size = static_cast<std::uint32_t>(body.size()), .type = type},
                        frame.first<frames::kHeaderSize>());
  if (!body.empty()) std::memcpy(frame.data() + frames::kHeaderSize, body.data(), body.size());
  out_due_.raise();
}

Result<RuntimeProcess> GuestPort::start_process(std::string_view body) {
  TRY(auto ours, open_process());
  send(frames::Type::start, body);
  return ours;
}

void GuestPort::record(std::size_t most) {
  is_recording_ = true;
  record_max_ = most;
}

Result<RuntimeProcess> GuestPort::take_over_process(std::string_view said) {
  TRY(auto ours, open_process());
  const auto bytes = std::as_bytes(std::span(said));
  if (take_frames(bytes) == bytes.size()) return ours;
  close();
  return Error(Errc::corrupt, "what a template's process has said makes no sense");
}

Result<RuntimeProcess> GuestPort::open_process() {
  if (is_closed_) return Error(Errc::unavailable, "the guest's port is closed");
  RuntimeProcess ours;
  TRY(auto link, frames::make_link());
  TRY(auto output, os::stream_pair());
  // Its places must have been released, here: pumps hold them.
  if (!process_over_.is_set() || !streams_->open_process()) {
    return Error(Errc::unavailable, "the streams of the guest's last process are not over");
  }
  process_over_.reset();
  ours.link = std::move(link.first);
  ours.output = std::move(output.first);
  join_stream(*streams_->find(frames::kCallsStream), std::move(link.second.in), {});
  join_stream(*streams_->find(frames::kAnswersStream), {}, std::move(link.second.out));
  join_stream(*streams_->find(frames::kOutputStream), {}, std::move(output.second));
  return ours;
}

void GuestPort::set_clock(std::chrono::system_clock::time_point now) {
  std::array<std::byte, frames::kSetClockSize> body{};
  frames::encode_set_clock(ns_since_1970(now), body);
  send(frames::Type::set_clock, {reinterpret_cast<const char*>(body.data()), body.size()});
}

void GuestPort::restore(frames::RestoreView view, std::chrono::system_clock::time_point now) {
  view.time_ns = ns_since_1970(now);
  std::array<std::byte, frames::kRestoreSize> body{};
  frames::encode_restore(view, body);
  send(frames::Type::restore, {reinterpret_cast<const char*>(body.data()), body.size()});
}

void GuestPort::mount(bool has_layers) {
  std::array<std::byte, frames::kMountSize> body{};
  frames::encode_mount({.has_layers = has_layers}, body);
  send(frames::Type::mount, {reinterpret_cast<const char*>(body.data()), body.size()});
}

Task<void> GuestPort::process_over(SteadyTime deadline) {
  auto over = co_await process_over_.wait(deadline, "end of the streams of a guest's process");
  if (!over) co_return over.error();
  co_return ok();
}

void GuestPort::join_stream(Stream& stream, os::UniqueFd from, os::UniqueFd to) {
  auto joined = std::make_shared<Joined>(executor_);
  joined->stream = &stream;
  joined_[static_cast<std::size_t>(&stream - streams_->places().data())] = joined;
  // A socket that cannot be watched stays closed, which its pump finds.
  boost::system::error_code failed;
  if (from) {
    joined->from.assign(from.get(), failed);
    if (!failed) from.release();
    ++joined->pumps;
    tasks_.spawn(collect(joined));
  }
  if (to) {
    joined->to.assign(to.get(), failed);
    if (!failed) to.release();
    ++joined->pumps;
    tasks_.spawn(deliver(std::move(joined)));
  }
}

// One socket for both directions; two descriptors of it, since each direction is closed alone.
void GuestPort::accept(Stream& stream) {
  stream.is_new = false;
  auto pair = os::stream_pair();
  os::UniqueFd second(pair ? ::fcntl(pair.value().first.get(), F_DUPFD_CLOEXEC, 0) : -1);
  if (!second) {  // no descriptor is left: the program inside sees its connection end
    Streams::stop(stream);
    Streams::finish(stream);
    return;
  }
  join_stream(stream, std::move(pair.value().first), std::move(second));
  events_.connection(stream.service, std::move(pair.value().second));
}

asio::awaitable<void> GuestPort::read() {
  std::vector<std::byte> bytes(kReadAtOnce);
  std::size_t have = 0;
  while (!is_closed_) {
    const auto room = asio::buffer(bytes.data() + have, bytes.size() - have);
    const auto [error, count] = co_await port_.async_read_some(room, as_result());
    if (error) break;
    have += count;
    const auto taken = take_frames(std::span(bytes).first(have));
    if (!taken) break;
    std::memmove(bytes.data(), bytes.data() + *taken, have - *taken);
    have -= *taken;
  }
  close();
}

std::optional<std::size_t> GuestPort::take_frames(std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  for (;;) {
    const auto rest = bytes.subspan(taken);
    frames::Header header;
    const auto status = frames::decode_header(rest, header);
    if (status == frames::Status::need_more) break;
    const bool is_stream = header.type >= frames::Type::stream_open;
    const std::size_t most = is_stream ? frames::kStreamBodyMax : kControlBodyMax;
    if (status != frames::Status::ok || header.body_size > most) return std::nullopt;
    const std::size_t size = frames::kHeaderSize + header.body_size;
    if (rest.size() < size) break;
    if (!keep(header.type, rest.first(size)) ||
        !take_frame(header, rest.subspan(frames::kHeaderSize, header.body_size))) {
      return std::nullopt;
    }
    taken += size;
  }
  if (!settle()) return std::nullopt;
  return taken;
}

bool GuestPort::keep(frames::Type type, std::span<const std::byte> frame) {
  is_recording_ = is_recording_ && type != frames::Type::held;
  if (!is_recording_) return true;
  has_said_too_much_ =
      type == frames::Type::stream_open || recorded_.size() + frame.size() > record_max_;
  if (has_said_too_much_) return false;
  recorded_.append(reinterpret_cast<const char*>(frame.data()), frame.size());
  return true;
}

bool GuestPort::take_frame(const frames::Header& header, std::span<const std::byte> body) {
  if (header.type >= frames::Type::stream_open) {
    return streams_->take(header.type, body) == frames::Status::ok;
  }
  const auto* const text = reinterpret_cast<const char*>(body.data());
  return events_.frame(header.type, std::string_view(text, body.size())) && !is_closed_;
}

void GuestPort::wake(Joined& joined) {
  const Stream& stream = *joined.stream;
  if (stream.peer_ended || !Streams::unread(stream).empty()) joined.came.raise();
  if (stream.peer_stopped || Streams::room(stream) > 0) joined.room.raise();
  boost::system::error_code ignored;
  if (stream.peer_stopped && joined.from.is_open()) joined.from.cancel(ignored);
}

bool GuestPort::settle() {
  // What was printed before an answer is told before it.
  for (const JoinedPtr& joined : joined_) {
    if (joined && joined->stream->id == frames::kOutputStream) wake(*joined);
  }
  for (std::size_t i = 0; i < joined_.size(); ++i) {
    Stream& stream = streams_->places()[i];
    if (stream.id == 0) continue;
    if (stream.is_new) accept(stream);
    // Nothing comes back where calls go.
    if (stream.id == frames::kCallsStream && !Streams::unread(stream).empty()) return false;
    if (joined_[i]) wake(*joined_[i]);
    if (Streams::is_over(stream) && (!joined_[i] || joined_[i]->pumps == 0)) {
      joined_[i].reset();
      Streams::release(stream);
    }
  }
  out_due_.raise();
  bool is_over = true;
  for (const std::uint32_t id :
       {frames::kCallsStream, frames::kAnswersStream, frames::kOutputStream}) {
    is_over = is_over && streams_->find(id) == nullptr;
  }
  if (is_over) process_over_.set(true);
  return true;
}

asio::awaitable<void> GuestPort::write() {
  while (!is_closed_) {
    const std::size_t begin = out_.size();
    out_.resize(begin + kShortFrames);
    out_.resize(begin + streams_->collect(std::span(out_).subspan(begin)));
    if (out_.empty()) {
      co_await out_due_.wait();
      continue;
    }
    std::vector<std::byte> going = std::exchange(out_, {});
    const auto [error, count] = co_await asio::async_write(port_, asio::buffer(going), as_result());
    if (error) break;
    settle();
  }
  close();
}

// What the guest sends, to its socket. Written by hand when there is room: bytes of a stream move
// in their buffer when more come. What came before the port was closed is delivered, as far as
// there is room for it.
asio::awaitable<void> GuestPort::deliver(JoinedPtr joined) {
  Stream& stream = *joined->stream;
  for (;;) {
    const auto bytes = Streams::unread(stream);
    if (bytes.empty() && (stream.peer_ended || is_closed_)) break;
    if (bytes.empty() || !is_output_told(*joined)) {
      co_await joined->came.wait();
      continue;
    }
    const ssize_t count =
        ::send(joined->to.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      Streams::consume(stream, static_cast<std::size_t>(count));
      joined->output_before.reset();
      if (stream.id == frames::kOutputStream) {
        output_told_ += static_cast<std::uint64_t>(count);
        wake_those_behind_output();
      }
      out_due_.raise();  // credit may be due
      continue;
    }
    if (!would_block()) {
      Streams::stop(stream);
      break;
    }
    if (is_closed_) break;
    co_await joined->to.async_wait(Socket::wait_write, as_result());
  }
  ::shutdown(joined->to.native_handle(), SHUT_WR);
  boost::system::error_code ignored;
  joined->to.close(ignored);
  if (stream.id == frames::kOutputStream) {  // nothing of it comes any more
    wake_those_behind_output();
    for (const JoinedPtr& each : joined_) {
      if (each) each->output_before.reset();
    }
  }
  pump_ended(joined);
}

// proa-init has told what was printed before an answer before it; here it is given on before it.
// What is printed meanwhile holds up nothing.
bool GuestPort::is_output_told(Joined& joined) {
  const Stream* const output = streams_->find(frames::kOutputStream);
  if (joined.stream == output || output == nullptr || is_closed_) return true;
  if (!joined.output_before) {
    joined.output_before = output_told_ + Streams::unread(*output).size();
  }
  return output_told_ >= *joined.output_before;
}

void GuestPort::wake_those_behind_output() {
  for (const JoinedPtr& each : joined_) {
    if (each && each->output_before) each->came.raise();
  }
}

// What is written to the socket, to the guest, as far as it has room for it.
asio::awaitable<void> GuestPort::collect(JoinedPtr joined) {
  Stream& stream = *joined->stream;
  while (!is_closed_ && !stream.peer_stopped) {
    const std::size_t room = Streams::room(stream);
    if (room == 0) {
      co_await joined->room.wait();
      continue;
    }
    const std::size_t begin = out_.size();
    out_.resize(begin + frames::kStreamHead + room);
    const ssize_t count = ::recv(joined->from.native_handle(),
                                 out_.data() + begin + frames::kStreamHead, room, MSG_DONTWAIT);
    const bool is_waiting = count < 0 && would_block();
    std::size_t made = 0;
    if (count > 0) {
      made = Streams::put(stream, std::span(out_).subspan(begin), static_cast<std::size_t>(count));
    }
    out_.resize(begin + made);
    if (made > 0) {
      out_due_.raise();
    } else if (!is_waiting) {
      break;
    } else {
      // Cancelled when the guest takes no more, or the port is closed.
      co_await joined->from.async_wait(Socket::wait_read, as_result());
    }
  }
  Streams::finish(stream);
  boost::system::error_code ignored;
  joined->from.close(ignored);
  pump_ended(joined);
}

void GuestPort::pump_ended(const JoinedPtr& joined) {
  --joined->pumps;
  if (!is_closed_) settle();
}

void GuestPort::close() {
  if (is_closed_) return;
  is_closed_ = true;
  boost::system::error_code ignored;
  port_.close(ignored);
  out_due_.raise();
  for (const JoinedPtr& joined : joined_) {
    if (!joined) continue;
    joined->came.raise();
    joined->room.raise();
    joined->from.cancel(ignored);
    joined->to.cancel(ignored);
  }
  process_over_.set(true);
  events_.ended();
}

}  // namespace proa::sandbox
