// A harness that sends requests to an Api over fakes, without a socket.
#pragma once

#include "api/api.h"
#include "base/encoding.h"
#include "unit/api/fake_parts.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace proa::api {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// An Api over the fakes. Requests skip the socket, not the parsing of the target.
class ApiTest : public ::testing::Test {
 protected:
  ApiTest() { make({}); }

  void make(ApiOptions options) {
    api_ = std::make_unique<Api>(catalog_, dispatcher_, clock_, std::move(options));
  }

  http::Response send(std::string method, std::string target, std::string body = {},
                      const HeaderList& headers = {}) {
    http::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    if (std::none_of(headers.begin(), headers.end(),
                     [](const auto& header) { return header.first == "Host"; })) {
      request.headers.add("Host", "127.0.0.1:9600");
    }
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    EXPECT_TRUE(http::parse_target(request)) << request.target;
    return serve(request);
  }

  http::Response serve(http::Request& request) {
    http::Response response(0);
    boost::asio::io_context context;
    boost::asio::co_spawn(context, keep(*api_, request, response), boost::asio::detached);
    context.run();
    EXPECT_TRUE(response.header("x-amzn-RequestId"));
    return response;
  }

  /// The same on the socket inside an environment.
  http::Response serve_function(http::Request& request, const model::FunctionCaller& caller) {
    http::Response response(0);
    boost::asio::io_context context;
    boost::asio::co_spawn(context, keep_function(*api_, request, caller, response),
                          boost::asio::detached);
    context.run();
    return response;
  }

  static boost::json::object body_of(const http::Response& response) {
    return boost::json::parse(response.body).as_object();
  }

  /// Status, exception, key of the text and the text, as one line.
  static std::string failure(const http::Response& response) {
    std::string line = std::to_string(response.status) + " ";
    line += response.header("x-amzn-errortype").value_or("-");
    const boost::json::object body = body_of(response);
    if (const auto* type = body.if_contains("Type")) line += " " + text(*type);
    for (const char* key : {"message", "Message"}) {
      if (const auto* value = body.if_contains(key))
        line += " " + std::string(key) + "=" + text(*value);
    }
    return line;
  }
  static std::string text(const boost::json::value& value) {
    return boost::json::value_to<std::string>(value);
  }
  static std::string text(const boost::json::object& object, const char* key) {
    return text(object.at(key));
  }

  FakeCatalog catalog_;
  FakeDispatcher dispatcher_;
  FixedClock clock_;
  std::unique_ptr<Api> api_;

 private:
  static boost::asio::awaitable<void> keep_function(Api& api, http::Request& request,
                                                    const model::FunctionCaller& caller,
                                                    http::Response& response) {
    response = co_await api.serve_function(request, caller);
  }
  static boost::asio::awaitable<void> keep(Api& api, http::Request& request,
                                           http::Response& response) {
    response = co_await api.serve(request);
  }
};

}  // namespace proa::api
