#include "http/connection.h"

#include "http/awaiting.h"
#include "http/parser.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace proa::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kFirstBuffer = 4 * 1024;
constexpr std::size_t kRecordKept = 4 * 1024;  ///< by a connection that waits
/// Answers of the same peer before a connection moves there: a pool of connections that call many
/// functions in turn must not wander.
constexpr unsigned kAnswersBeforeMove = 8;
constexpr std::size_t kBufferSlack = 8 * 1024;
/// How long the rest of what a client sends is thrown away after a closing answer. Without it the
/// kernel answers late bytes with a reset, which can destroy the answer on its way.
constexpr std::chrono::milliseconds kLinger{2'000};

std::string_view reason_of(int status) {
  const auto reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  return {reason.data(), reason.size()};
}

Response plain_answer(int status) {
  Response response(status);
  response.headers.add("Content-Type", "text/plain");
  response.body = std::string(reason_of(status)) + "\n";
  response.wants_close = true;
  return response;
}

/// sendmsg without waiting; -1 with errno.
ssize_t send_now(int fd, std::string_view head, std::string_view body) {
  std::array<iovec, 2> parts{};
  parts[0] = {const_cast<char*>(head.data()), head.size()};
  parts[1] = {const_cast<char*>(body.data()), body.size()};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = body.empty() ? 1 : 2;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerState> state, Socket socket,
                       std::unique_ptr<tls::Session> session, std::string remote_address,
                       bool is_loopback)
    : state_(std::move(state)),
      position_(state_->enter(*this)),
      socket_(std::move(socket)),
      tls_(std::move(session)) {
  request_.remote_address = std::move(remote_address);
  request_.is_loopback = is_loopback;
  request_.is_tls = tls_ != nullptr;
  request_.asker = this;
  if (tls_ && !tls_->is_open()) {
    enter(Phase::handshake, state_->options.handshake_timeout);
  } else {
    enter(Phase::idle, state_->options.idle_timeout);
  }
}

Connection::~Connection() { state_->leave(position_); }

void Connection::spawn() {
  // The completion holds the connection too: its cancellation signal must outlive the coroutine.
  auto completion = [self = shared_from_this()](const std::exception_ptr&) {};
  asio::co_spawn(socket_.get_executor(), run(shared_from_this()),
                 asio::bind_cancellation_slot(cancel_.slot(), std::move(completion)));
}

void Connection::enter(Phase phase, std::chrono::milliseconds timeout) {
  phase_ = phase;
  phase_steps_ = steps_left_ = state_->steps(timeout);
}

void Connection::step() {
  if (phase_ == Phase::running || steps_left_ == 0 || --steps_left_ > 0) return;
  has_timed_out_ = true;
  const bool is_in_request =
      phase_ != Phase::idle && phase_ != Phase::lingering && phase_ != Phase::handshake;
  if (is_in_request) ++state_->counters.timed_out;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Connection::close_if_idle() {
  const bool is_idle =
      phase_ == Phase::handshake || phase_ == Phase::idle || phase_ == Phase::lingering;
  if (is_idle) abort();
  tell_gone();
}

void Connection::abort() {
  if (phase_ == Phase::idle) end_tls();
  has_failed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  tell_gone();
  cancel_.emit(asio::cancellation_type::terminal);
  // The signal travels through the executor; it must not find the connection gone.
  asio::post(socket_.get_executor(), [self = shared_from_this()] {});
}

asio::awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  Connection& me = *self;
  bool goes_on = true;
  if (me.phase_ == Phase::handshake) goes_on = co_await me.shake_hands();
  while (goes_on) {
    const Read read = co_await me.read_request();
    if (read == Read::closed) co_return me.end_tls();
    Response response;
    if (read == Read::complete) {
      response = co_await me.answer();
    } else {
      ++me.state_->counters.malformed;
      response = plain_answer(me.refusal_);
    }
    me.state_->count_answer(response.status);
    goes_on = me.keeps_alive_ && !response.wants_close && !me.state_->is_closing();
    std::size_t sent = 0;
    if (!me.send_at_once(response, goes_on, sent)) {
      const bool is_written = co_await me.write_rest(me.head_, me.body_to_send(response), sent);
      if (!is_written) co_return;
    }
    if (goes_on && me.move_to_peer(response)) co_return;
  }
  co_await me.linger();
}

void Connection::forget_request() {
  request_.clear();
  if (record_.capacity() > kRecordKept) std::string().swap(record_);
  keeps_alive_ = false;
  has_timed_out_ = false;
}

asio::awaitable<Connection::Read> Connection::read_request() {
  forget_request();
  RequestParser parser(request_, state_->options);
  enter(Phase::idle, state_->options.idle_timeout);
  if (begin_ != end_) enter(Phase::head, state_->options.head_timeout);
  for (;;) {
    if (const auto read = parse(parser)) co_return *read;
    if (parser.is_header_done() && phase_ != Phase::body) {
      enter(Phase::body, state_->options.stall_timeout);
      if (parser.expects_continue()) {
        const bool is_sent = co_await write_rest("HTTP/1.1 100 Continue\r\n\r\n", "", 0);
        if (!is_sent) co_return Read::closed;
        enter(Phase::body, state_->options.stall_timeout);
      }
    }
    if (!make_room()) {
      refusal_ = parser.is_header_done() ? 400 : 431;
      co_return Read::refused;
    }
    const std::size_t got = co_await fill();
    if (got == 0) co_return end_of_bytes();
    if (phase_ == Phase::idle) enter(Phase::head, state_->options.head_timeout);
    if (phase_ == Phase::body) enter(Phase::body, state_->options.stall_timeout);
  }
}

std::optional<Connection::Read> Connection::parse(RequestParser& parser) {
  if (begin_ == end_) return std::nullopt;
  boost::system::error_code error;
  begin_ += parser.put(asio::const_buffer(buffer_.get() + begin_, end_ - begin_), error);
  if (!error && parser.is_done()) {
    keeps_alive_ = parser.keep_alive();
    return Read::complete;
  }
  if (parser.is_body_too_large()) return Read::complete;  // keeps_alive_ stays false
  if (!error || error == boost::beast::http::error::need_more) return std::nullopt;
  refusal_ = parser.status_for(error);
  return Read::refused;
}

Connection::Read Connection::end_of_bytes() {
  refusal_ = 408;
  const bool is_late = has_timed_out_ && phase_ != Phase::idle;
  return is_late ? Read::refused : Read::closed;
}

bool Connection::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ < buffer_size_) return true;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return true;
  }
  const std::size_t size_max = state_->options.head_bytes_max + kBufferSlack;
  if (buffer_size_ >= size_max) return false;
  const std::size_t wanted = buffer_size_ == 0 ? kFirstBuffer : buffer_size_ * 4;
  const std::size_t size = std::min(wanted, size_max);
  std::unique_ptr<char[]> larger(new char[size]);
  if (end_ > 0) std::memcpy(larger.get(), buffer_.get(), end_);
  buffer_ = std::move(larger);
  buffer_size_ = size;
  return true;
}

asio::awaitable<std::size_t> Connection::fill() {
  if (tls_) {
    const std::size_t through_tls = co_await fill_through_tls();
    co_return through_tls;
  }
  const asio::mutable_buffer room(buffer_.get() + end_, buffer_size_ - end_);
  const auto [error, got] = co_await socket_.async_read_some(room, awaiting());
  if (error || has_timed_out_) {
    has_failed_ = has_failed_ || !has_timed_out_;
    co_return 0;
  }
  end_ += got;
  co_return got;
}

asio::awaitable<Response> Connection::answer() {
  phase_ = Phase::running;
  ++state_->counters.requests;
  try {
    co_return co_await state_->callback(request_);
  } catch (const std::exception&) {
    ++state_->counters.failed;
  }
  co_return plain_answer(500);
}

void Connection::write_head(const Response& response, bool keeps_alive) {
  head_.clear();
  head_.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head_.append(reason_of(response.status)).append("\r\n");
  head_.append(response.headers.lines()).append(state_->date_line());
  const bool has_no_body = response.status == 204 || response.status == 304;
  if (!has_no_body) {
    head_.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  if (!keeps_alive) {
    head_.append("Connection: close\r\n");
  } else if (request_.version == 10) {
    head_.append("Connection: keep-alive\r\n");
  }
  head_.append("\r\n");
}

std::string_view Connection::body_to_send(const Response& response) const {
  if (response.status == 204 || response.status == 304 || request_.method == "HEAD") return {};
  return response.body;
}

bool Connection::send_at_once(const Response& response, bool keeps_alive, std::size_t& sent) {
  write_head(response, keeps_alive);
  const std::string_view body = body_to_send(response);
  sent = send_some(head_, body, 0).bytes;
  return sent == head_.size() + body.size();
}

Connection::Sent Connection::send_some(std::string_view head, std::string_view body,
                                       std::size_t sent) {
  if (tls_) return send_through_tls(head, body, sent);
  const int fd = socket_.native_handle();
  const bool is_head_out = sent >= head.size();
  const ssize_t count = is_head_out ? send_now(fd, body.substr(sent - head.size()), {})
                                    : send_now(fd, head.substr(sent), body);
  if (count >= 0) return {static_cast<std::size_t>(count)};
  return {0, Socket::wait_write, errno != EAGAIN && errno != EWOULDBLOCK};
}

asio::awaitable<bool> Connection::write_rest(std::string_view head, std::string_view body,
                                             std::size_t sent) {
  enter(Phase::writing, state_->options.stall_timeout);
  while (sent < head.size() + body.size()) {
    if (has_failed_ || has_timed_out_) co_return false;
    const Sent now = send_some(head, body, sent);
    if (now.bytes > 0) {
      sent += now.bytes;
      enter(Phase::writing, state_->options.stall_timeout);
      continue;
    }
    if (now.has_failed) co_return false;
    const auto [error] = co_await socket_.async_wait(now.wants, awaiting());
    if (error) co_return false;
  }
  co_return true;
}

bool Connection::move_to_peer(const Response& response) {
  if (!response.made_by_peer || *response.made_by_peer >= state_->peers.size()) {
    answers_by_peer_ = 0;
    return false;
  }
  if (*response.made_by_peer != peer_) answers_by_peer_ = 0;
  peer_ = *response.made_by_peer;
  // What was read ahead cannot move along.
  if (++answers_by_peer_ < kAnswersBeforeMove || begin_ != end_) return false;
  const auto peer = state_->peers[peer_].lock();
  if (!peer || peer == state_ || peer->is_closing()) return false;
  boost::system::error_code error;
  os::UniqueFd socket(socket_.release(error));
  if (error) return true;  // neither can serve it: it closes
  ++state_->counters.moved;
  ServerState::take_over(peer, std::move(socket), std::move(tls_));
  return true;
}

void Connection::watch(std::function<void()> gone) {
  on_gone_ = std::move(gone);
  ++watches_;
  const bool has_more = begin_ != end_ || (tls_ && tls_->has_pending());
  const bool is_gone = has_failed_ || state_->is_closing() || has_more;
  if (is_gone) return tell_gone();
  await_bytes();
}

void Connection::unwatch() {
  on_gone_ = nullptr;
  ++watches_;
  boost::system::error_code ignored;
  socket_.cancel(ignored);  // nothing else waits on it while a callback runs
}

void Connection::await_bytes() {
  auto look = [self = shared_from_this(), watch = watches_](boost::system::error_code error) {
    if (error || watch != self->watches_ || !self->on_gone_) return;
    if (self->is_answer_awaited()) return self->await_bytes();
    self->tell_gone();
  };
  socket_.async_wait(Socket::wait_read, std::move(look));
}

bool Connection::is_answer_awaited() {
  char byte = 0;
  const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

void Connection::tell_gone() {
  if (!on_gone_) return;
  const auto gone = std::exchange(on_gone_, nullptr);
  gone();
}

asio::awaitable<void> Connection::linger() {
  end_tls();
  if (has_failed_ || state_->is_closing()) co_return;
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  has_timed_out_ = false;
  enter(Phase::lingering, kLinger);
  std::array<char, 4096> waste{};
  for (;;) {
    const auto [error, got] = co_await socket_.async_read_some(asio::buffer(waste), awaiting());
    if (error || got == 0) co_return;
  }
}

}  // namespace proa::http
