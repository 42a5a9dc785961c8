#include "unit/http/callbacks.h"

namespace proa::http {
namespace {

TEST(RequestParser, TakesChunkedBodiesWithTrailers) {
  std::string trailer;
  Served served([&](Request& request) -> boost::asio::awaitable<Response> {
    if (request.trailers.size() > 0) trailer = request.trailers.find("x-sum").value_or("none");
    EXPECT_FALSE(request.headers.find("X-Sum"));
    co_return co_await describe_request(request);
  });
  Peer peer(served.port());
  peer.send("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n");
  peer.send("5;ext=1\r\npedia\r\n0\r\nX-Sum: 9\r\n\r\n" + get("/next"));
  ASSERT_TRUE(peer.read_until("GET next []"));
  EXPECT_NE(peer.seen().find("POST c [Wikipedia]"), std::string::npos);
  EXPECT_EQ(trailer, "9");
}

TEST(RequestParser, AnswersMalformedRequestsWith400AndCloses) {
  Served served(describe_request);
  const std::vector<std::string> bad = {
      "hello\r\n\r\n",
      "GET / HTTP/3.7\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",                        // no Host
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",  // two
      "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",          // bad escape
      "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n",          // NUL
      "CONNECT host:443 HTTP/1.1\r\nHost: h\r\n\r\n",  // authority form
      "GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
  };
  for (const std::string& request : bad) {
    Peer peer(served.port());
    peer.send(request);
    const std::string answer = peer.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << request << "\n-> " << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  }
  EXPECT_EQ(served.counters().malformed, bad.size());
  EXPECT_EQ(served.counters().requests, 0U);
}

TEST(RequestParser, RefusesAHeadThatIsTooLong) {
  Served served(describe_request);
  Peer one_long(served.port());
  one_long.send(get("/", "X-Long: " + std::string(70'000, 'z') + "\r\n"));
  EXPECT_TRUE(one_long.read_to_end().starts_with("HTTP/1.1 431 "));
  Peer many(served.port());
  std::string lines;
  for (int i = 0; i < 3000; ++i) lines += "X-" + std::to_string(i) + ": some text of a header\r\n";
  many.send(get("/", lines));
  EXPECT_TRUE(many.read_to_end().starts_with("HTTP/1.1 431 "));
}

TEST(RequestParser, AcceptsAHeadJustBelowTheLimit) {
  Served served(describe_request);
  Peer peer(served.port());
  peer.send(get("/ok", "X-Long: " + std::string(60'000, 'z') + "\r\n"));
  EXPECT_TRUE(peer.read_until("GET ok []"));
}

TEST(RequestParser, BodyLimitMayDependOnTheRequest) {
  ServerOptions options = quick_options();
  options.body_limit = [](const Request& request) {
    return request.segments.at(0) == "large" ? std::uint64_t{10} : std::uint64_t{2};
  };
  Served served(large_or_small, options);
  Peer peer(served.port());
  peer.send("PUT /large HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345");
  ASSERT_TRUE(peer.read_until("PUT large [12345]"));
  peer.send("PUT /small HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345");
  ASSERT_TRUE(peer.read_until("413"));
}

TEST(RequestParser, SmallBodiesAreAcceptedWithoutAsking) {
  ServerOptions options = quick_options();
  std::atomic<int> asked = 0;
  options.small_body = 5;
  options.body_limit = [&asked](const Request&) {
    ++asked;
    return std::uint64_t{6};
  };
  Served served(large_or_small, options);
  Peer peer(served.port());
  peer.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345");
  ASSERT_TRUE(peer.read_until("PUT a [12345]"));
  peer.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(peer.read_until("GET b []"));
  EXPECT_EQ(asked, 0);
  peer.send("PUT /c HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n123456");
  ASSERT_TRUE(peer.read_until("PUT c [123456]"));
  EXPECT_EQ(asked, 1);
  peer.send(
      "PUT /d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n1234567\r\n0\r\n\r\n");
  ASSERT_TRUE(peer.read_until("413"));
  EXPECT_EQ(asked, 2);
}

TEST(RequestParser, RefusesChunkedBodiesOverTheLimit) {
  Served served(large_or_small);
  Peer peer(served.port());
  peer.send("POST /big HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "20000\r\n" + std::string(0x20000, 'y') + "\r\n";
  for (int i = 0; i < 12 && peer.send(chunk); ++i) {
  }
  EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 413 "));
}

TEST(RequestParser, RefusesAnUnknownExpectation) {
  Served served(describe_request);
  Peer peer(served.port());
  peer.send(get("/", "Expect: miracles\r\n"));
  EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 417 "));
}

TEST(RequestParser, SpeaksHttp10) {
  Served served(describe_request);
  Peer closing(served.port());
  closing.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_NE(closing.read_to_end().find("Connection: close"), std::string::npos);
  Peer keeping(served.port());
  keeping.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(keeping.read_until("GET 1 []"));
  EXPECT_NE(keeping.seen().find("Connection: keep-alive\r\n"), std::string::npos);
  keeping.send("GET /2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(keeping.read_until("GET 2 []"));
}

}  // namespace
}  // namespace proa::http
