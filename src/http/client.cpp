#include "http/awaiting.h"
#include "http/parser.h"
#include "tls/tls.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>

#include <array>

namespace proa::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t kReadBytes = 16 * 1024;
/// Head plus what one read brings: an answer whose head does not fit is refused.
constexpr std::size_t kBufferMax = 512 * 1024;

/// What the deadline timer closes. Shared because the timer's completion may run after fetch().
struct Attempt {
  explicit Attempt(const asio::any_io_executor& executor)
      : socket(executor), resolver(executor), timer(executor) {}
  tcp::socket socket;
  tcp::resolver resolver;
  asio::steady_timer timer;
  std::unique_ptr<tls::Session> session;  ///< null: plain HTTP
  std::string peer;
  bool is_over = false;
};
using AttemptPtr = std::shared_ptr<Attempt>;

void arm(const AttemptPtr& attempt, SteadyTime deadline) {
  attempt->timer.expires_at(deadline);
  attempt->timer.async_wait([attempt](const boost::system::error_code& error) {
    if (error) return;
    attempt->is_over = true;
    boost::system::error_code ignored;
    attempt->resolver.cancel();
    attempt->socket.close(ignored);
  });
}

/// Disarms the timer however fetch() ends.
class Disarm {
 public:
  explicit Disarm(Attempt& attempt) : attempt_(attempt) {}
  ~Disarm() { attempt_.timer.cancel(); }
  Disarm(const Disarm&) = delete;
  Disarm& operator=(const Disarm&) = delete;

 private:
  Attempt& attempt_;
};

Error failure(const Attempt& attempt, std::string_view what,
              const boost::system::error_code& error) {
  if (attempt.is_over) {
    return Error(Errc::deadline,
                 "no answer from " + attempt.peer + " in time (" + std::string(what) + ")");
  }
  return Error(Errc::unavailable,
               "cannot " + std::string(what) + " " + attempt.peer + ": " + error.message());
}

std::string peer_name(const ClientRequest& request) {
  const bool is_v6 = request.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + request.host + "]" : request.host;
  return host + ":" + std::to_string(request.port);
}

std::string head_of(const ClientRequest& request) {
  std::string head =
      request.method + " " + request.target + " HTTP/1.1\r\nHost: " + peer_name(request);
  head.append("\r\n").append(request.headers.lines()).append("Connection: close\r\n");
  const bool may_have_body = request.method != "GET" && request.method != "HEAD";
  if (may_have_body || !request.body.empty()) {
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  return head.append("\r\n");
}

bool is_sendable(const ClientRequest& request) {
  const auto has_control_or_space = [](std::string_view text) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F) return true;
    }
    return text.empty();
  };
  return !has_control_or_space(request.method) && !has_control_or_space(request.target) &&
         !has_control_or_space(request.host);
}

Task<void> connect(Attempt& attempt, const ClientRequest& request) {
  const std::string port = std::to_string(request.port);
  auto [resolve_error, endpoints] =
      co_await attempt.resolver.async_resolve(request.host, port, awaiting());
  if (resolve_error) co_return failure(attempt, "resolve", resolve_error);
  auto [error, endpoint] = co_await asio::async_connect(attempt.socket, endpoints, awaiting());
  if (error || attempt.is_over) co_return failure(attempt, "connect to", error);
  boost::system::error_code ignored;
  attempt.socket.set_option(tcp::no_delay(true), ignored);
  co_return ok();
}

/// Until the socket is what a step of the session wants.
asio::awaitable<boost::system::error_code> wait_for(Attempt& attempt, tls::Outcome outcome) {
  const auto what =
      outcome == tls::Outcome::wants_read ? tcp::socket::wait_read : tcp::socket::wait_write;
  const auto [error] = co_await attempt.socket.async_wait(what, awaiting());
  co_return error;
}

bool is_waiting(const tls::Step& step) {
  return step.outcome == tls::Outcome::wants_read || step.outcome == tls::Outcome::wants_write;
}

Task<void> start_tls(Attempt& attempt, const ClientRequest& request) {
  if (!request.trust) co_return ok();
  boost::system::error_code error;
  attempt.socket.non_blocking(true, error);
  if (!error) attempt.socket.native_non_blocking(true, error);
  if (error) co_return failure(attempt, "speak TLS with", error);
  attempt.session = request.trust->connect(attempt.socket.native_handle(), request.host);
  if (!attempt.session) {
    co_return Error(Errc::invalid, "'" + request.host + "' is no name that a certificate can have");
  }
  for (;;) {
    const tls::Step step = attempt.session->handshake();
    if (step.outcome == tls::Outcome::done) co_return ok();
    if (!is_waiting(step)) {
      co_return tls::Trust::failure(*attempt.session, request.host, attempt.peer);
    }
    error = co_await wait_for(attempt, step.outcome);
    if (error || attempt.is_over) co_return failure(attempt, "speak TLS with", error);
  }
}

/// An error only where no answer can come any more.
Task<void> send_through_tls(Attempt& attempt, std::string_view text) {
  while (!text.empty()) {
    const tls::Step step = attempt.session->write(text);
    if (step.outcome == tls::Outcome::done) {
      text.remove_prefix(step.bytes);
      continue;
    }
    if (!is_waiting(step)) co_return ok();  // as below
    const auto error = co_await wait_for(attempt, step.outcome);
    if (error || attempt.is_over) co_return failure(attempt, "send to", error);
  }
  co_return ok();
}

Task<void> send(Attempt& attempt, const ClientRequest& request) {
  const std::string head = head_of(request);
  if (attempt.session) {
    CO_TRY(co_await send_through_tls(attempt, head));
    co_return co_await send_through_tls(attempt, request.body);
  }
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(request.body)};
  const auto [error, sent] = co_await asio::async_write(attempt.socket, parts, awaiting());
  // A server may answer (413) and stop reading: its answer says more than our broken pipe.
  const bool may_have_answered =
      error == asio::error::broken_pipe || error == asio::error::connection_reset;
  if (error && !may_have_answered) co_return failure(attempt, "send to", error);
  co_return ok();
}

/// Up to `size` bytes into `out`; 0 at the end. Errc: unavailable, deadline.
Task<std::size_t> read_some(Attempt& attempt, char* out, std::size_t size) {
  if (!attempt.session) {
    const auto [error, got] =
        co_await attempt.socket.async_read_some(asio::buffer(out, size), awaiting());
    if (error && error != asio::error::eof) co_return failure(attempt, "read from", error);
    co_return got;
  }
  for (;;) {
    const tls::Step step = attempt.session->read(out, size);
    if (step.outcome == tls::Outcome::done) co_return step.bytes;
    if (step.outcome == tls::Outcome::ended) co_return std::size_t{0};
    if (!is_waiting(step)) {
      co_return Error(Errc::unavailable,
                      "cannot read from " + attempt.peer + ": " + attempt.session->reason());
    }
    const auto error = co_await wait_for(attempt, step.outcome);
    if (error || attempt.is_over) co_return failure(attempt, "read from", error);
  }
}

/// What a TLS server says to a request in plain text.
bool is_alert(const Attempt& attempt, std::string_view buffer) {
  return !attempt.session && buffer.starts_with('\x15');
}

Error no_http(const Attempt& attempt, std::string_view buffer,
              const boost::system::error_code& error) {
  if (is_alert(attempt, buffer)) {
    return Error(Errc::invalid, attempt.peer + " speaks TLS: https:// in place of http://");
  }
  return Error(Errc::corrupt, attempt.peer + " does not answer in HTTP: " + error.message());
}

/// Reads one message; true when it is a final answer, false for 1xx.
Task<bool> receive(Attempt& attempt, const ClientRequest& request, std::string& buffer,
                   Response& response) {
  response = Response();
  ResponseParser parser(response, request.response_bytes_max);
  if (request.method == "HEAD") parser.skip(true);
  boost::system::error_code error;
  while (!parser.is_done()) {
    if (!buffer.empty()) {
      buffer.erase(0, parser.put(asio::buffer(buffer), error));
      if (parser.is_done()) break;
      if (parser.is_too_large()) {
        co_return Error(Errc::too_large, "the answer of " + attempt.peer + " is larger than " +
                                             std::to_string(request.response_bytes_max) + " bytes");
      }
      const bool is_bad = error && error != boost::beast::http::error::need_more;
      if (is_bad || buffer.size() > kBufferMax) co_return no_http(attempt, buffer, error);
    }
    const std::size_t had = buffer.size();
    buffer.resize(had + kReadBytes);
    CO_TRY(const std::size_t got, co_await read_some(attempt, buffer.data() + had, kReadBytes));
    buffer.resize(had + got);
    if (got > 0) continue;
    if (parser.got_some()) parser.put_eof(error);
    if (is_alert(attempt, buffer)) co_return no_http(attempt, buffer, error);
    if (!parser.is_done()) {
      co_return failure(attempt, "read a whole answer from", asio::error::eof);
    }
  }
  co_return response.status >= 200;
}

}  // namespace

Task<Response> fetch(ClientRequest request, SteadyTime deadline) {
  if (!is_sendable(request)) {
    co_return Error(Errc::invalid, "cannot send a request with the target '" + request.target +
                                       "' to '" + request.host + "'");
  }
  const auto attempt = std::make_shared<Attempt>(co_await asio::this_coro::executor);
  attempt->peer = peer_name(request);
  arm(attempt, deadline);
  const Disarm disarm(*attempt);
  CO_TRY(co_await connect(*attempt, request));
  CO_TRY(co_await start_tls(*attempt, request));
  CO_TRY(co_await send(*attempt, request));
  Response response;
  std::string buffer;
  bool is_final = false;
  while (!is_final) {
    CO_TRY(is_final, co_await receive(*attempt, request, buffer, response));
  }
  co_return response;
}

}  // namespace proa::http
