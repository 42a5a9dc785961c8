// What a Connection does where TLS is spoken: the same steps through a session.
#include "http/awaiting.h"
#include "http/connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace proa::http {
namespace {

namespace asio = boost::asio;

/// What fits into one record (RFC 8446 section 5.1), and so into one send.
constexpr std::size_t kRecordMax = 16 * 1024;
constexpr unsigned kReadsAtOnce = 8;
constexpr std::string_view kSpeaksTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 59\r\n"
    "Connection: close\r\n\r\n"
    "This address speaks TLS: use https:// in place of http://.\n";

}  // namespace

asio::awaitable<bool> Connection::shake_hands() {
  for (;;) {
    const tls::Step step = tls_->handshake();
    if (step.outcome == tls::Outcome::done) co_return true;
    const bool goes_on = co_await wait_for(step.outcome);
    if (!goes_on) break;
  }
  ++state_->counters.handshakes_failed;
  const bool is_plain = tls_->met_plain_http();
  tls_.reset();
  if (!is_plain) {
    has_failed_ = true;  // nothing to wait for: an alert has told the client why
    co_return false;
  }
  ++state_->counters.malformed;
  state_->count_answer(400);
  (void)co_await write_rest(kSpeaksTls, "", 0);
  co_return false;
}

asio::awaitable<bool> Connection::wait_for(tls::Outcome outcome) {
  const bool may_come = outcome == tls::Outcome::wants_read || outcome == tls::Outcome::wants_write;
  if (!may_come || has_failed_) co_return false;
  reads_at_once_ = 0;
  const auto what = outcome == tls::Outcome::wants_read ? Socket::wait_read : Socket::wait_write;
  const auto [error] = co_await socket_.async_wait(what, awaiting());
  co_return !error && !has_timed_out_;
}

asio::awaitable<std::size_t> Connection::fill_through_tls() {
  // A client that always has sent more would never let anybody else on the shard have a turn.
  if (++reads_at_once_ >= kReadsAtOnce) {
    reads_at_once_ = 0;
    co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    if (has_timed_out_) co_return 0;
  }
  while (!has_failed_) {  // else the socket is closed, and its number may be another's
    const tls::Step step = tls_->read(buffer_.get() + end_, buffer_size_ - end_);
    if (step.outcome == tls::Outcome::done) {
      end_ += step.bytes;
      co_return step.bytes;
    }
    const bool goes_on = co_await wait_for(step.outcome);
    if (goes_on) continue;
    has_failed_ = has_failed_ || !has_timed_out_;
    co_return 0;
  }
  co_return 0;
}

// A record is made of as much as it holds: of head and body together where both go out. The same
// `sent` gives the same record, as a session wants it after it had to wait.
Connection::Sent Connection::send_through_tls(std::string_view head, std::string_view body,
                                              std::size_t sent) {
  Sent out;
  out.has_failed = has_failed_;  // the socket is closed, and its number may be another's
  if (has_failed_) return out;
  std::string_view piece;
  if (sent >= head.size()) {
    piece = body.substr(sent - head.size(), kRecordMax);
  } else if (body.empty()) {
    piece = head.substr(sent, kRecordMax);
  } else {
    record_.assign(head.substr(sent, kRecordMax));
    record_.append(body.substr(0, kRecordMax - record_.size()));
    piece = record_;
  }
  const tls::Step step = tls_->write(piece);
  if (step.outcome == tls::Outcome::done) return {step.bytes};
  out.wants = step.outcome == tls::Outcome::wants_read ? Socket::wait_read : Socket::wait_write;
  out.has_failed = step.outcome == tls::Outcome::failed || step.outcome == tls::Outcome::ended;
  return out;
}

void Connection::end_tls() {
  if (tls_ && socket_.is_open()) tls_->end();
}

}  // namespace proa::http
