#include "unit/http/callbacks.h"

#include <atomic>

namespace proa::http {
namespace {

TEST(Connection, AnswersARequestThatArrivesByteByByte) {
  Served served(describe_request);
  Peer peer(served.port());
  const std::string request =
      "POST /slow HTTP/1.1\r\nHost: here\r\nX: y\r\nContent-Length: 4\r\n\r\nbody";
  for (const char c : request) ASSERT_TRUE(peer.send({&c, 1}));
  ASSERT_TRUE(peer.read_until("POST slow [body]"));
}

TEST(Connection, AnswersPipelinedRequestsInOrder) {
  Served served([](Request& request) -> boost::asio::awaitable<Response> {
    if (request.segments.at(0) == "first") co_await sleep_for(30ms);
    co_return co_await describe_request(request);
  });
  Peer peer(served.port());
  peer.send(get("/first") + "POST /second HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab" +
            get("/third", "Connection: close\r\n"));
  const std::string all = peer.read_to_end();
  const std::size_t first = all.find("GET first []");
  const std::size_t second = all.find("POST second [ab]");
  const std::size_t third = all.find("GET third []");
  ASSERT_NE(third, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST(Connection, SendsContinueToAClientThatWaitsForIt) {
  Served served(describe_request);
  Peer peer(served.port());
  peer.send("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  ASSERT_TRUE(peer.read_until("HTTP/1.1 100 Continue\r\n\r\n"));
  peer.send("12345");
  ASSERT_TRUE(peer.read_until("PUT x [12345]"));
}

TEST(Connection, SendsNoContinueWhenTheBodyWouldBeTooLarge) {
  Served served(large_or_small);
  Peer peer(served.port());
  peer.send(
      "PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
  const std::string all = peer.read_to_end();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 413 ")) << all;
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(all.find("too large, says the callback"), std::string::npos);
}

TEST(Connection, LetsTheCallbackAnswerATooLargeBodyWhileTheClientStillSends) {
  Served served(large_or_small);
  Peer peer(served.port());
  peer.send("POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n");
  const std::string block(100'000, 'x');
  for (int i = 0; i < 30 && peer.send(block); ++i) {
  }
  const std::string all = peer.read_to_end();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 413 ")) << all.substr(0, 200);
}

TEST(Connection, AnswersASlowHeadWith408) {
  ServerOptions options = quick_options();
  options.head_timeout = 60ms;
  Served served(describe_request, options);
  Peer peer(served.port());
  peer.send("GET / HTTP/1.1\r\nHos");
  EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(served.counters().timed_out, 1U);
}

TEST(Connection, AnswersAStalledBodyWith408) {
  ServerOptions options = quick_options();
  options.stall_timeout = 60ms;
  Served served(describe_request, options);
  Peer peer(served.port());
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 408 "));
}

TEST(Connection, ClosesIdleConnectionsSilently) {
  ServerOptions options = quick_options();
  options.idle_timeout = 60ms;
  Served served(describe_request, options);
  Peer silent(served.port());
  EXPECT_TRUE(silent.is_closed_by_server());
  Peer used(served.port());
  used.send(get("/x"));
  ASSERT_TRUE(used.read_until("GET x []"));
  EXPECT_TRUE(used.is_closed_by_server());
}

TEST(Connection, NeverTimesOutARunningRequest) {
  ServerOptions options = quick_options();
  options.idle_timeout = options.head_timeout = options.stall_timeout = 20ms;
  Served served(
      [](Request& request) -> boost::asio::awaitable<Response> {
        co_await sleep_for(300ms);
        co_return co_await describe_request(request);
      },
      options);
  Peer peer(served.port());
  peer.send(get("/late"));
  EXPECT_TRUE(peer.read_until("GET late []"));
}

TEST(Connection, SurvivesClientsThatVanish) {
  std::atomic<int> finished{0};
  Served served([&](Request& request) -> boost::asio::awaitable<Response> {
    co_await sleep_for(50ms);
    ++finished;
    co_return co_await describe_request(request);
  });
  {
    Peer while_running(served.port());
    while_running.send(get("/gone"));
    ASSERT_TRUE(eventually([&] { return served.counters().requests == 1; }));
    while_running.reset();
    Peer mid_body(served.port());
    mid_body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    mid_body.close();
    Peer mid_head(served.port());
    mid_head.send("POST / HT");
    mid_head.reset();
  }
  EXPECT_TRUE(eventually([&] { return served.connection_count() == 0; }));
  EXPECT_EQ(finished, 1);
}

TEST(Connection, AnswersAClientThatHasClosedItsSendingSide) {
  Served served(describe_request);
  Peer peer(served.port());
  peer.send(get("/half"));
  peer.half_close();
  EXPECT_NE(peer.read_to_end().find("GET half []"), std::string::npos);
}

TEST(Connection, SendsLargeAnswersToASlowReader) {
  const std::string large(20 * 1024 * 1024, 'L');
  Served served([&](Request&) -> boost::asio::awaitable<Response> {
    Response response;
    response.body = large;
    co_return response;
  });
  Peer peer(served.port(), 4096);
  peer.send(get("/large") + get("/again", "Connection: close\r\n"));
  ASSERT_TRUE(peer.read_bytes(100));  // the send buffer is full long before the end
  const std::string all = peer.read_to_end();
  ASSERT_GT(all.size(), 2 * large.size());
  EXPECT_EQ(all.compare(all.find("\r\n\r\n") + 4, large.size(), large), 0);
  EXPECT_TRUE(all.ends_with("Connection: close\r\n\r\n" + large));
}

TEST(Connection, GivesUpOnAReaderThatStopsReading) {
  ServerOptions options = quick_options();
  options.stall_timeout = 60ms;
  Served served(
      [](Request&) -> boost::asio::awaitable<Response> {
        Response response;
        response.body.assign(20 * 1024 * 1024, 'x');
        co_return response;
      },
      options);
  Peer peer(served.port(), 4096);
  peer.send(get("/"));
  EXPECT_TRUE(eventually([&] { return served.connection_count() == 0; }));
}

TEST(Connection, LeavesTheBodyOutOf204AndHead) {
  Served served([](Request& request) -> boost::asio::awaitable<Response> {
    Response response(request.segments.empty() ? 200 : 204);
    response.body = "body";
    co_return response;
  });
  Peer peer(served.port());
  peer.send(
      "DELETE /x HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\nConnection: "
      "close\r\n\r\n");
  const std::string all = peer.read_to_end();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 204 No Content\r\n"));
  EXPECT_EQ(all.find("Content-Length"), all.find("Content-Length: 4\r\n"));
  EXPECT_TRUE(all.ends_with("\r\n\r\n"));
}

TEST(Connection, TurnsAnExceptionOfTheCallbackInto500) {
  Served served([](Request& request) -> boost::asio::awaitable<Response> {
    if (request.segments.empty()) throw std::runtime_error("broken");
    co_return co_await describe_request(request);
  });
  Peer peer(served.port());
  peer.send(get("/"));
  EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(served.counters().failed, 1U);
}

/// Holds every request for /held until its client does not wait any more, for 20 s at most.
boost::asio::awaitable<Response> hold_path_held(Request& request) {
  if (request.segments.at(0) != "held") co_return co_await describe_request(request);
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 20s);
  bool is_gone = false;
  request.asker->watch([&] {
    is_gone = true;
    timer.cancel();
  });
  if (!is_gone) co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  request.asker->unwatch();
  co_return co_await describe_request(request);
}

TEST(Connection, AHeldRequestEndsWhenTheClientCloses) {
  Served served(hold_path_held);
  Peer peer(served.port());
  peer.send(get("/held"));
  peer.half_close();  // so that the answer can be read all the same
  EXPECT_TRUE(peer.read_until("GET held []"));
  Peer gone(served.port());
  gone.send(get("/held"));
  gone.reset();
  EXPECT_TRUE(served.close(10s));
}

TEST(Connection, AHeldRequestEndsWhenTheNextOneComes) {
  Served served(hold_path_held);
  Peer peer(served.port());
  peer.send(get("/held"));
  peer.send(get("/next"));
  EXPECT_TRUE(peer.read_until("GET next []"));
  peer.send(get("/held") + get("/third"));
  EXPECT_TRUE(peer.read_until("GET third []"));
}

TEST(Connection, AHeldRequestEndsWhenTheServerCloses) {
  std::atomic<bool> is_held = false;
  Served served([&](Request& request) -> boost::asio::awaitable<Response> {
    is_held = true;
    return hold_path_held(request);
  });
  Peer peer(served.port());
  peer.send(get("/held"));
  while (!is_held) std::this_thread::yield();
  EXPECT_TRUE(served.close(10s));
  EXPECT_TRUE(peer.read_until("GET held []"));
}

TEST(Connection, WhatACallbackKeepsStaysWithItsConnection) {
  Served served([](Request& request) -> boost::asio::awaitable<Response> {
    const int count = request.kept.has_value() ? std::any_cast<int>(request.kept) + 1 : 1;
    request.kept = count;
    Response response;
    response.body = "[" + std::to_string(count) + "]";
    co_return response;
  });
  Peer peer(served.port());
  peer.send(get("/") + get("/"));
  EXPECT_TRUE(peer.read_until("[2]"));
  Peer other(served.port());
  other.send(get("/"));
  EXPECT_TRUE(other.read_until("[1]"));
}

}  // namespace
}  // namespace proa::http
