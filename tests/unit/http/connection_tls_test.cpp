#include "unit/http/tls_served.h"

#include <atomic>
#include <thread>

namespace proa::http {
namespace {

boost::asio::awaitable<Response> tell_scheme(Request& request) {
  Response response;
  response.body = (request.is_tls ? "https " : "http ") + std::to_string(request.body.size());
  co_return response;
}

TEST(ConnectionTls, ServesSeveralRequestsOfAConnectionAndEndsItInOrder) {
  TlsServed served(describe_request);
  TlsPeer peer(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(peer.shake()) << peer.session().reason();
  ASSERT_TRUE(peer.send(get("/one") + get("/two")));
  ASSERT_TRUE(peer.read_until("GET one []"));
  ASSERT_TRUE(peer.read_until("GET two []"));
  ASSERT_TRUE(peer.send(get("/three", "Connection: close\r\n")));
  EXPECT_NE(peer.read_to_end().find("GET three []"), std::string::npos);
  EXPECT_TRUE(peer.has_ended());
}

TEST(ConnectionTls, TellsTheCallbackThatNobodyOnTheWayCanRead) {
  TlsServed served(tell_scheme);
  TlsPeer peer(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(peer.shake());
  ASSERT_TRUE(peer.send(get("/")));
  EXPECT_TRUE(peer.read_until("https 0"));
  Served plain(tell_scheme);
  Peer other(plain.port());
  other.send(get("/"));
  EXPECT_TRUE(other.read_until("http 0"));
}

boost::asio::awaitable<Response> large(Request& request) {
  Response response;
  response.body.assign(static_cast<std::size_t>(6) * 1024 * 1024, 'l');
  response.headers.add("X-Got", std::to_string(request.body.size()));
  co_return response;
}

TEST(ConnectionTls, CarriesLargeBodiesPastASlowReader) {
  ServerOptions options = quick_options();
  options.body_limit = [](const Request&) { return std::uint64_t{8} * 1024 * 1024; };
  TlsServed served(large, options);
  TlsPeer peer(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(peer.shake());
  const std::string body(static_cast<std::size_t>(6) * 1024 * 1024, 'b');
  ASSERT_TRUE(peer.send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n"));
  ASSERT_TRUE(peer.send(body));
  const std::string seen = peer.read_to_end();
  EXPECT_NE(seen.find("X-Got: " + std::to_string(body.size())), std::string::npos);
  EXPECT_EQ(seen.size() - seen.find("\r\n\r\n") - 4, static_cast<std::size_t>(6) * 1024 * 1024);
}

TEST(ConnectionTls, ARequestThatIsCutShortIsServedNever) {
  TlsServed served(describe_request);
  TlsPeer peer(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(peer.shake());
  ASSERT_TRUE(peer.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"));
  peer.bare().close();
  EXPECT_TRUE(eventually([&] { return served->connection_count() == 0; }));
  EXPECT_EQ(served->counters().requests, 0U);
}

TEST(ConnectionTls, AnswersHttpWithoutTlsInPlainText) {
  TlsServed served(describe_request);
  for (const char* method : {"GET", "DELETE", "PATCH"}) {
    Peer peer(served->port());
    ASSERT_TRUE(peer.send(std::string(method) + " / HTTP/1.1\r\nHost: x\r\n\r\n"));
    const std::string answer = peer.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
    EXPECT_TRUE(
        answer.ends_with("\r\n\r\nThis address speaks TLS: use https:// in place of http://.\n"))
        << answer;
  }
  EXPECT_EQ(served->counters().requests, 0U);
  EXPECT_EQ(served->counters().answers[3], 3U);
  EXPECT_EQ(served->counters().handshakes_failed, 3U);
}

TEST(ConnectionTls, GarbageEndsTheConnectionAndNothingElse) {
  TlsServed served(describe_request);
  for (const std::string& garbage :
       {std::string(1000, '\0'), std::string("\x16\x03\x01\xff\xff", 5),
        std::string("\x80\x2e\x01\x03\x01garbage garbage")}) {
    Peer peer(served->port());
    peer.send(garbage);
    peer.half_close();
    EXPECT_EQ(peer.read_to_end().find("HTTP"), std::string::npos);
  }
  EXPECT_TRUE(eventually([&] { return served->counters().handshakes_failed == 3; }));
  TlsPeer peer(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(peer.shake());
  ASSERT_TRUE(peer.send(get("/")));
  EXPECT_TRUE(peer.read_until("GET  []"));
}

TEST(ConnectionTls, AHandshakeThatDoesNotEndIsClosed) {
  ServerOptions options = quick_options();
  options.handshake_timeout = 60ms;
  TlsServed served(describe_request, options);
  Peer silent(served->port());
  Peer half(served->port());
  half.send(std::string_view("\x16\x03\x01\x02", 4));
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(half.read_to_end(), "");
  EXPECT_EQ(served->counters().handshakes_failed, 2U);
}

TEST(ConnectionTls, ConnectionsThatNeverBeganMakeRoomForOthers) {
  ServerOptions options = quick_options();
  options.connections_max = 2;
  TlsServed served(describe_request, options);
  Peer first(served->port());
  Peer second(served->port());
  ASSERT_TRUE(eventually([&] { return served->connection_count() == 2; }));
  TlsPeer third(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(third.shake());
  ASSERT_TRUE(third.send(get("/")));
  EXPECT_TRUE(third.read_until("GET  []"));
}

// Else whoever keeps all connections, and needs no key for it, keeps everybody out.
TEST(ConnectionTls, AHandshakeIsNotClosedBeforeConnectionsThatWaitLonger) {
  ServerOptions options = quick_options();
  options.connections_max = 2;
  options.sweep_interval = std::chrono::milliseconds(20);
  options.idle_timeout = std::chrono::seconds(60);
  options.handshake_timeout = std::chrono::seconds(5);
  TlsServed served(describe_request, options);
  TlsPeer idle(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(idle.shake());
  ASSERT_TRUE(idle.send(get("/idle")));
  ASSERT_TRUE(idle.read_until("GET idle []"));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // ten steps of the sweep
  TlsPeer honest(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(eventually([&] { return served->connection_count() == 2; }));
  TlsPeer next(served->port(), *tls::trust_in(served.certificate()));
  EXPECT_TRUE(honest.shake());
  EXPECT_TRUE(next.shake());
}

TEST(ConnectionTls, AClientThatAlwaysSendsMoreLeavesOthersTheirTurn) {
  TlsServed served(describe_request);
  std::string many;
  for (int i = 0; i < 200; ++i) many += get("/flood");
  std::atomic<bool> is_over = false;
  std::thread flood([&] {
    TlsPeer peer(served->port(), *tls::trust_in(served.certificate()));
    if (!peer.shake()) return;
    while (!is_over && peer.send(many) && peer.read_until("GET flood []")) peer.forget();
  });
  for (int i = 0; i < 5; ++i) {
    TlsPeer peer(served->port(), *tls::trust_in(served.certificate()));
    EXPECT_TRUE(peer.shake());
    EXPECT_TRUE(peer.send(get("/calm")));
    EXPECT_TRUE(peer.read_until("GET calm []"));
  }
  is_over = true;
  flood.join();
}

TEST(ConnectionTls, ANewCertificateIsForNewConnections) {
  TlsServed served(describe_request);
  const tls::Made renewed{tls::Wish{}};
  TlsPeer before(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(before.shake());
  served.use(renewed);
  ASSERT_TRUE(before.send(get("/goes-on")));
  EXPECT_TRUE(before.read_until("GET goes-on []"));
  TlsPeer old(served->port(), *tls::trust_in(served.certificate()));
  EXPECT_FALSE(old.shake());
  TlsPeer after(served->port(), *tls::trust_in(renewed));
  EXPECT_TRUE(after.shake());
}

TEST(ConnectionTls, AnIdleConnectionIsToldThatTheServerEnds) {
  TlsServed served(describe_request);
  TlsPeer peer(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(peer.shake());
  ASSERT_TRUE(peer.send(get("/")));
  ASSERT_TRUE(peer.read_until("GET  []"));
  ASSERT_TRUE(served->close(1s));
  (void)peer.read_to_end();
  EXPECT_TRUE(peer.has_ended());
}

boost::asio::awaitable<Response> hold_until_let_go(Request& request) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 10s);
  request.asker->watch([&timer] { timer.expires_after(0s); });
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  request.asker->unwatch();
  Response response;
  response.body = "let go";
  co_return response;
}

TEST(ConnectionTls, ARequestThatIsHeldIsLetGoByTheNext) {
  TlsServed served(hold_until_let_go);
  TlsPeer apart(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(apart.shake());
  ASSERT_TRUE(apart.send(get("/")));
  ASSERT_TRUE(eventually([&] { return served->counters().requests == 1; }));
  ASSERT_TRUE(apart.send(get("/")));
  EXPECT_TRUE(apart.read_until("let go"));
  // Both in one record: the second is read ahead, and the socket shows nothing.
  TlsPeer together(served->port(), *tls::trust_in(served.certificate()));
  ASSERT_TRUE(together.shake());
  ASSERT_TRUE(together.send(get("/") + get("/", "Connection: close\r\n")));
  EXPECT_TRUE(together.read_until("let go"));
}

TEST(ConnectionTls, MovesToThePeerThatDoesTheWorkWithItsSession) {
  const auto by = [](std::size_t peer) {
    return [peer](Request& request) -> boost::asio::awaitable<Response> {
      Response response;
      response.body = "shard " + std::to_string(peer) + " " + request.target + ";";
      response.made_by_peer = 1;
      co_return response;
    };
  };
  const tls::Made made{tls::Wish{}};
  Served first(Served::Paused{}, by(0));
  Served second(Served::Paused{}, by(1));
  for (Served* each : {&first, &second}) each->server().use_tls(tls::context_of(made));
  first.server().set_peers({&first.server(), &second.server()});
  first.run();
  second.run();
  TlsPeer peer(first.port(), *tls::trust_in(made));
  ASSERT_TRUE(peer.shake());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(peer.send(get("/" + std::to_string(i))));
    ASSERT_TRUE(peer.read_until("/" + std::to_string(i) + ";"));
  }
  EXPECT_NE(peer.read_until("shard 1 /19;"), false);
  EXPECT_EQ(first.counters().moved, 1U);
}

}  // namespace
}  // namespace proa::http
