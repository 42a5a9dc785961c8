#include "unit/http/callbacks.h"

namespace proa::http {
namespace {

TEST(ServerState, ClosesTheOldestIdleConnectionWhenThereAreTooMany) {
  ServerOptions options = quick_options();
  options.connections_max = 2;
  Served served(describe_request, options);
  Peer first(served.port());
  ASSERT_TRUE(eventually([&] { return served.counters().accepted == 1; }));
  Peer second(served.port());
  ASSERT_TRUE(eventually([&] { return served.counters().accepted == 2; }));
  Peer third(served.port());
  third.send(get("/third"));
  EXPECT_TRUE(third.read_until("GET third []"));
  EXPECT_TRUE(first.is_closed_by_server());
}

TEST(ServerState, RefusesConnectionsWhenAllAreBusy) {
  ServerOptions options = quick_options();
  options.connections_max = 1;
  Served served(
      [](Request& request) -> boost::asio::awaitable<Response> {
        co_await sleep_for(200ms);
        co_return co_await describe_request(request);
      },
      options);
  Peer busy(served.port());
  busy.send(get("/busy"));
  ASSERT_TRUE(eventually([&] { return served.counters().requests == 1; }));
  Peer refused(served.port());
  EXPECT_TRUE(refused.read_to_end().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(busy.read_until("GET busy []"));
  EXPECT_EQ(served.counters().refused, 1U);
}

TEST(ServerState, CloseLetsRunningRequestsFinish) {
  Served served([](Request& request) -> boost::asio::awaitable<Response> {
    co_await sleep_for(100ms);
    co_return co_await describe_request(request);
  });
  Peer idle(served.port());
  Peer busy(served.port());
  busy.send(get("/last"));
  ASSERT_TRUE(eventually([&] { return served.counters().requests == 1; }));
  EXPECT_TRUE(served.close(10s));
  EXPECT_NE(busy.read_to_end().find("GET last []"), std::string::npos);
  EXPECT_NE(busy.seen().find("Connection: close"), std::string::npos);
  EXPECT_TRUE(idle.is_closed_by_server());
}

TEST(ServerState, CloseCancelsWhatStillRunsAtTheDeadline) {
  bool is_unwound = false;
  struct Watch {
    bool& flag;
    ~Watch() { flag = true; }
  };
  Served served([&](Request& request) -> boost::asio::awaitable<Response> {
    Watch watch{is_unwound};
    co_await sleep_for(60s);
    co_return co_await describe_request(request);
  });
  Peer busy(served.port());
  busy.send(get("/forever"));
  ASSERT_TRUE(eventually([&] { return served.counters().requests == 1; }));
  const Result<void> closed = served.close(50ms);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code(), Errc::deadline);
  EXPECT_TRUE(is_unwound);
}

TEST(ServerState, MayBeDestroyedWithoutClose) {
  std::uint16_t port = 0;
  boost::asio::io_context context;
  os::UniqueFd listener = listen_on_loopback(port);
  auto server = std::make_unique<Server>(context.get_executor(), std::move(listener),
                                         describe_request, quick_options());
  ASSERT_TRUE(server->start());
  Peer peer(port);
  peer.send("GET / HT");
  context.run_for(20ms);
  EXPECT_EQ(server->connection_count(), 1U);
  server.reset();
  context.run_for(20ms);
  EXPECT_TRUE(peer.is_closed_by_server());
}

TEST(ServerState, MayGoTogetherWithALoopThatNeverRunsAgain) {
  std::uint16_t port = 0;
  auto context = std::make_unique<boost::asio::io_context>();
  os::UniqueFd listener = listen_on_loopback(port);
  auto server = std::make_unique<Server>(context->get_executor(), std::move(listener),
                                         describe_request, quick_options());
  ASSERT_TRUE(server->start());
  Peer peer(port);
  peer.send("GET / HT");
  context->run_for(20ms);
  EXPECT_EQ(server->connection_count(), 1U);
  server.reset();
  context.reset();
  EXPECT_TRUE(peer.is_closed_by_server());
}

TEST(ServerState, TellsWhoIsCalling) {
  Served served([](Request& request) -> boost::asio::awaitable<Response> {
    Response response;
    response.body = request.remote_address + (request.is_loopback ? " loopback." : " far.");
    co_return response;
  });
  Peer peer(served.port());
  peer.send(get("/"));
  ASSERT_TRUE(peer.read_until("loopback."));
  EXPECT_NE(peer.seen().find("127.0.0.1:"), std::string::npos);
}

TEST(ServerState, ServesManyConnectionsAtOnce) {
  Served served(describe_request);
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 50; ++i) {
    peers.push_back(std::make_unique<Peer>(served.port()));
    peers.back()->send(get("/" + std::to_string(i)));
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(peers[static_cast<std::size_t>(i)]->read_until("GET " + std::to_string(i) + " []"));
  }
}

}  // namespace
}  // namespace proa::http
