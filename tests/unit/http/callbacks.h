// What the tests of the server share: callbacks, and requests as text.
#pragma once

#include "unit/http/served.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace proa::http {

using namespace std::chrono_literals;

/// Answers with what it saw: "METHOD seg|seg BODY".
inline boost::asio::awaitable<Response> describe_request(Request& request) {
  Response response;
  response.headers.add("Content-Type", "text/plain");
  std::string path;
  for (const std::string& segment : request.segments) path += (path.empty() ? "" : "|") + segment;
  response.body = request.method + " " + path + " [" + request.body + "]";
  co_return response;
}

inline boost::asio::awaitable<Response> large_or_small(Request& request) {
  if (!request.is_body_too_large) co_return co_await describe_request(request);
  Response response(413);
  response.body = "too large, says the callback";
  co_return response;
}

inline boost::asio::awaitable<void> sleep_for(std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

inline std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: here\r\n" + std::string(more) + "\r\n";
}

}  // namespace proa::http
