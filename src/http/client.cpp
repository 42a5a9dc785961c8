#include "http/parser.h"

#include <boost/asio/as_tuple.hpp>
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

auto awaiting() { return asio::as_tuple(asio::use_awaitable); }

/// What the deadline timer closes. Shared because the timer's completion may run after fetch().
struct Attempt {
  explicit Attempt(const asio::any_io_executor& executor)
      : socket(executor), resolver(executor), timer(executor) {}
  tcp::socket socket;
  tcp::resolver resolver;
  asio::steady_timer timer;
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

Task<void> send(Attempt& attempt, const ClientRequest& request) {
  const std::string head = head_of(request);
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(request.body)};
  const auto [error, sent] = co_await asio::async_write(attempt.socket, parts, awaiting());
  // A server may answer (413) and stop reading: its answer says more than our broken pipe.
  const bool may_have_answered =
      error == asio::error::broken_pipe || error == asio::error::connection_reset;
  if (error && !may_have_answered) co_return failure(attempt, "send to", error);
  co_return ok();
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
      if (is_bad || buffer.size() > kBufferMax) {
        co_return Error(Errc::corrupt,
                        attempt.peer + " does not answer in HTTP: " + error.message());
      }
    }
    const std::size_t had = buffer.size();
    buffer.resize(had + kReadBytes);
    const auto [read_error, got] = co_await attempt.socket.async_read_some(
        asio::buffer(buffer.data() + had, kReadBytes), awaiting());
    buffer.resize(had + got);
    if (!read_error) continue;
    if (read_error != asio::error::eof) co_return failure(attempt, "read from", read_error);
    if (parser.got_some()) parser.put_eof(error);
    if (!parser.is_done()) co_return failure(attempt, "read a whole answer from", read_error);
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
