// Beast's HTTP parsers with our messages as their sinks: fields go straight into Headers, bodies
// into strings, with no message object of Beast in between. Private to http/.
#pragma once

#include "http/http.h"

#include <boost/beast/http/basic_parser.hpp>

#include <functional>

namespace proa::http {

/// Parses one request into a Request. Made anew for each request; the Request and the limits
/// outlive it. Feed it with put(): what it does not consume must be there again in the next call.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser(Request& request, const ServerOptions& options);

  /// The answer that `error` of put() deserves: 400, 413, 417, 431.
  int status_for(const boost::system::error_code& error) const;
  /// The client waits for "100 Continue" before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  /// Every byte until here has been taken, and the body was over its limit.
  bool is_body_too_large() const { return request_.is_body_too_large; }

 private:
  using Code = boost::system::error_code;
  using View = boost::beast::string_view;
  void on_request_impl(boost::beast::http::verb verb, View method, View target, int version,
                       Code& error) override;
  void on_response_impl(int, View, int, Code&) override {}
  void on_field_impl(boost::beast::http::field field, View name, View value, Code& error) override;
  void on_header_impl(Code& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Code& error) override;
  std::size_t on_body_impl(View body, Code& error) override;
  void on_chunk_header_impl(std::uint64_t, View extensions, Code& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, View body, Code& error) override;
  void on_finish_impl(Code&) override {}

  void refuse(int status, Code& error);
  std::uint64_t limit_of_body() const;
  void check_transfer_coding(Code& error);
  void check_expectation(Code& error);

  Request& request_;
  const ServerOptions& options_;
  std::uint64_t body_limit_ = 0;
  std::size_t head_bytes_ = 0;
  int status_ = 400;
  bool has_head_ = false;
  bool expects_continue_ = false;
};

/// Parses one answer into a Response, for the client.
class ResponseParser final : public boost::beast::http::basic_parser<false> {
 public:
  ResponseParser(Response& response, std::uint64_t body_bytes_max);
  bool is_too_large() const { return is_too_large_; }

 private:
  using Code = boost::system::error_code;
  using View = boost::beast::string_view;
  void on_request_impl(boost::beast::http::verb, View, View, int, Code&) override {}
  void on_response_impl(int status, View reason, int version, Code& error) override;
  void on_field_impl(boost::beast::http::field field, View name, View value, Code& error) override;
  void on_header_impl(Code&) override { has_head_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Code& error) override;
  std::size_t on_body_impl(View body, Code& error) override;
  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remain, View body, Code& error) override;
  void on_finish_impl(Code&) override {}

  Response& response_;
  std::uint64_t body_bytes_max_;
  bool has_head_ = false;
  bool is_too_large_ = false;
};

}  // namespace proa::http
