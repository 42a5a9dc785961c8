#include "runtime_api/runtime_api.h"
#include "unit/http/served.h"

#include <gtest/gtest.h>

namespace proa::runtime_api {
namespace {

boost::asio::awaitable<http::Response> tell_caller(http::Request& request,
                                                   const model::FunctionCaller& caller) {
  http::Response response;
  response.body = caller.access_key_id + " asks " + request.target;
  co_return response;
}

TEST(FunctionEndpoint, PassesRequestsOnWithTheirCaller) {
  boost::asio::io_context io;
  std::uint16_t port = 0;
  const FunctionApi api = tell_caller;
  model::FunctionCaller caller;
  caller.access_key_id = "ASIA7";
  auto endpoint = FunctionEndpoint::create(io.get_executor(), http::listen_on_loopback(port),
                                           std::move(caller), api);
  ASSERT_TRUE(endpoint);
  std::string seen;
  std::thread client([&] {
    http::Peer peer(port);
    peer.send("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    seen = peer.read_to_end();
    io.stop();
  });
  io.run_for(std::chrono::seconds(10));
  client.join();
  EXPECT_TRUE(seen.ends_with("\r\n\r\nASIA7 asks /x")) << seen;
}

boost::asio::awaitable<http::Response> tell_trace(http::Request& request,
                                                  const model::FunctionCaller&) {
  http::Response response;
  response.body = request.headers.find("X-Amzn-Trace-Id").value_or("none");
  co_return response;
}

TEST(FunctionEndpoint, ARequestThatNamesNoTraceBelongsToThatOfTheRunningCall) {
  boost::asio::io_context io;
  std::uint16_t port = 0;
  const FunctionApi api = tell_trace;
  auto endpoint = FunctionEndpoint::create(io.get_executor(), http::listen_on_loopback(port),
                                           model::FunctionCaller(), api);
  ASSERT_TRUE(endpoint);
  const auto ask = [&](const std::string& fields) {
    std::string seen;
    std::thread client([&] {
      http::Peer peer(port);
      peer.send("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + fields + "\r\n");
      seen = peer.read_to_end();
      io.stop();
    });
    io.restart();
    io.run_for(std::chrono::seconds(10));
    client.join();
    return seen.substr(seen.find("\r\n\r\n") + 4);
  };
  EXPECT_EQ(ask(""), "none");
  endpoint.value()->set_trace("Root=1-a");
  EXPECT_EQ(ask(""), "Root=1-a");
  EXPECT_EQ(ask("X-Amzn-Trace-Id: Root=1-own\r\n"), "Root=1-own");
  EXPECT_EQ(ask("traceparent: 00-x\r\n"), "none") << "it is for the API to read";
  endpoint.value()->set_trace("");
  EXPECT_EQ(ask(""), "none");
}

TEST(FunctionEndpoint, RefusesADescriptorThatDoesNotListen) {
  boost::asio::io_context io;
  const FunctionApi api = tell_caller;
  os::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_FALSE(
      FunctionEndpoint::create(io.get_executor(), std::move(socket), model::FunctionCaller(), api));
}

}  // namespace
}  // namespace proa::runtime_api
