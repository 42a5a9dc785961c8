// Bytes from a server through the client's parser: once in one piece and once in small ones, as
// packets may come, and then the end of the connection. Both must give the same answer.
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

/// Whether `input` is a whole answer, which is then in `response`.
bool parse(std::string_view input, std::size_t step, http::Response& response) {
  http::ResponseParser parser(response, kBodyMax);
  std::string buffer;
  boost::system::error_code error;
  while (!input.empty() && !parser.is_done()) {
    buffer.append(input.substr(0, step));
    input.remove_prefix(std::min(step, input.size()));
    buffer.erase(0, parser.put(boost::asio::buffer(buffer), error));
    if (error && error != boost::beast::http::error::need_more) return false;
  }
  if (!parser.is_done() && parser.got_some()) parser.put_eof(error);
  return parser.is_done();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = data[0] % 64U + 1;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  http::Response whole;
  const bool is_whole = parse(input, input.size(), whole);
  http::Response pieces;
  check(parse(input, step, pieces) == is_whole, "complete in only one of one piece and many");
  check(whole.body.size() <= kBodyMax, "the body is over its limit");
  if (!is_whole) return 0;
  check(whole.status >= 0 && whole.status <= 999, "a status of more than three digits");
  check(whole.headers.lines().find('\0') == std::string::npos, "a NUL in a header");
  check(whole.status == pieces.status && whole.body == pieces.body &&
            whole.headers.lines() == pieces.headers.lines(),
        "one piece and many give different answers");
  return 0;
}
