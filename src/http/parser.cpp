#include "http/parser.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace proa::http {
namespace {

namespace beast_http = boost::beast::http;
using beast_http::error;

/// Memory taken on the word of a Content-Length before any of the body has come.
constexpr std::uint64_t kBodyReserveMax = 1024 * 1024;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

RequestParser::RequestParser(Request& request, const ServerOptions& options)
    : request_(request), options_(options) {
  eager(true);
  header_limit(static_cast<std::uint32_t>(options.head_bytes_max));
  basic_parser::body_limit(boost::none);  // ours depends on the request: see on_header_impl
}

int RequestParser::status_for(const boost::system::error_code& code) const {
  if (code == error::header_limit) return 431;
  return status_;
}

void RequestParser::refuse(int status, Code& code) {
  status_ = status;
  code = error::bad_value;
}

void RequestParser::on_request_impl(beast_http::verb, View method, View target, int version,
                                    Code&) {
  request_.method = view(method);
  request_.target = view(target);
  request_.version = static_cast<unsigned>(version);
  head_bytes_ += method.size() + target.size();
}

void RequestParser::on_field_impl(beast_http::field, View name, View value, Code& code) {
  head_bytes_ += name.size() + value.size() + 4;
  if (head_bytes_ > options_.head_bytes_max) {
    code = error::header_limit;
    return;
  }
  (has_head_ ? request_.trailers : request_.headers).add(view(name), view(value));
}

void RequestParser::on_header_impl(Code& code) {
  has_head_ = true;
  // RFC 9112 section 3.2: HTTP/1.1 without exactly one Host is refused.
  const std::size_t hosts = request_.headers.count("Host");
  if (hosts > 1 || (hosts == 0 && request_.version == 11)) return refuse(400, code);
  if (!http::parse_target(request_)) return refuse(400, code);
  check_transfer_coding(code);
  if (code) return;
  check_expectation(code);
  if (code) return;
  const auto length = content_length();
  const bool is_small = length ? *length <= options_.small_body : !chunked();
  body_limit_ = is_small ? options_.small_body : limit_of_body();
  if (length && *length > body_limit_) {
    request_.is_body_too_large = true;
    code = error::body_limit;
  }
}

std::uint64_t RequestParser::limit_of_body() const {
  return options_.body_limit ? options_.body_limit(request_) : 0;
}

void RequestParser::check_transfer_coding(Code& code) {
  const auto coding = request_.headers.find("Transfer-Encoding");
  if (!coding) return;
  // Anything else lets two programs disagree on where a request ends (RFC 9112 section 6.1).
  const bool is_plain_chunked = request_.headers.count("Transfer-Encoding") == 1 &&
                                boost::beast::iequals({coding->data(), coding->size()}, "chunked");
  if (!is_plain_chunked || request_.version == 10 || request_.headers.find("Content-Length")) {
    refuse(400, code);
  }
}

void RequestParser::check_expectation(Code& code) {
  const auto expectation = request_.headers.find("Expect");
  if (!expectation || request_.version == 10) return;
  if (!boost::beast::iequals({expectation->data(), expectation->size()}, "100-continue")) {
    return refuse(417, code);
  }
  expects_continue_ = true;
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Code&) {
  if (!length) return;
  request_.body.reserve(static_cast<std::size_t>(std::min(*length, kBodyReserveMax)));
}

std::size_t RequestParser::on_body_impl(View body, Code& code) {
  if (request_.body.size() + body.size() > body_limit_) {
    request_.is_body_too_large = true;
    request_.body.clear();
    code = error::body_limit;
    return 0;
  }
  request_.body.append(view(body));
  return body.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t, View extensions, Code& code) {
  if (extensions.size() > 1024) refuse(400, code);
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View body, Code& code) {
  return on_body_impl(body, code);
}

ResponseParser::ResponseParser(Response& response, std::uint64_t body_bytes_max)
    : response_(response), body_bytes_max_(body_bytes_max) {
  eager(true);
  header_limit(256 * 1024);
  basic_parser::body_limit(boost::none);
}

void ResponseParser::on_response_impl(int status, View, int, Code&) { response_.status = status; }

void ResponseParser::on_field_impl(beast_http::field, View name, View value, Code&) {
  if (!has_head_) response_.headers.add(view(name), view(value));
}

void ResponseParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Code& code) {
  if (!length) return;
  if (*length > body_bytes_max_) {
    is_too_large_ = true;
    code = error::body_limit;
    return;
  }
  response_.body.reserve(static_cast<std::size_t>(std::min(*length, kBodyReserveMax)));
}

std::size_t ResponseParser::on_body_impl(View body, Code& code) {
  if (response_.body.size() + body.size() > body_bytes_max_) {
    is_too_large_ = true;
    code = error::body_limit;
    return 0;
  }
  response_.body.append(view(body));
  return body.size();
}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t, View body, Code& code) {
  return on_body_impl(body, code);
}

}  // namespace proa::http
