// Bytes from a socket through the request parser: once in one piece and once in small ones, as
// packets may come. Both must give the same request, within the limits.
#include "base/check.h"
#include "http/http.h"
#include "http/parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace proa;

constexpr std::uint64_t kBodyMax = 300;

http::ServerOptions options() {
  http::ServerOptions made;
  made.head_bytes_max = 4096;
  made.body_limit = [](const http::Request&) { return kBodyMax; };
  return made;
}

struct Outcome {
  bool is_complete = false;
  bool is_refused = false;
};

Outcome parse(std::string_view input, std::size_t step, http::Request& request) {
  const http::ServerOptions limits = options();
  http::RequestParser parser(request, limits);
  std::string buffer;
  Outcome outcome;
  while (!input.empty() && !outcome.is_complete && !outcome.is_refused) {
    buffer.append(input.substr(0, step));
    input.remove_prefix(std::min(step, input.size()));
    boost::system::error_code error;
    buffer.erase(0, parser.put(boost::asio::buffer(buffer), error));
    outcome.is_complete = !error && parser.is_done();
    outcome.is_refused = error && error != boost::beast::http::error::need_more;
    if (outcome.is_refused && !parser.is_body_too_large()) {
      const int status = parser.status_for(error);
      check(status == 400 || status == 417 || status == 431, "an unknown refusal");
    }
  }
  return outcome;
}

void check_request(const http::Request& request) {
  check(request.body.size() <= kBodyMax, "the body is over its limit");
  check(!request.method.empty() && !request.target.empty(), "an empty request line");
  check(request.headers.lines().find('\0') == std::string::npos, "a NUL in a header");
  for (const std::string& segment : request.segments) {
    check(segment.find('\0') == std::string::npos, "a NUL in the path");
    check(http::percent_decode(http::percent_encode(segment), false) == segment,
          "a segment does not survive encoding");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = data[0] % 64U + 1;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  http::Request whole;
  const Outcome one = parse(input, input.size(), whole);
  http::Request pieces;
  const Outcome many = parse(input, step, pieces);
  if (one.is_complete) {
    check_request(whole);
    check(many.is_complete, "complete in one piece, not in many");
    check(whole.method == pieces.method && whole.target == pieces.target &&
              whole.body == pieces.body && whole.headers.lines() == pieces.headers.lines() &&
              whole.trailers.lines() == pieces.trailers.lines() &&
              whole.segments == pieces.segments,
          "one piece and many give different requests");
  }
  if (many.is_complete) check(one.is_complete, "complete in many pieces, not in one");
  return 0;
}
