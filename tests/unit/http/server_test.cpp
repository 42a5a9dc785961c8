#include "unit/http/callbacks.h"

namespace proa::http {
namespace {

TEST(Server, AnswersARequestThatArrivesInOnePiece) {
  Served served(describe);
  Peer peer(served.port());
  peer.send("POST /a/b%2Fc?x=1 HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nxyz");
  ASSERT_TRUE(peer.read_until("]"));
  EXPECT_TRUE(peer.seen().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(peer.seen().find("Content-Length: 16\r\n"), std::string::npos);
  EXPECT_NE(peer.seen().find("\r\nDate: "), std::string::npos);
  EXPECT_NE(peer.seen().find("POST a|b/c [xyz]"), std::string::npos);
}

TEST(Server, KeepsTheConnectionForFurtherRequests) {
  Served served(describe);
  Peer peer(served.port());
  for (int i = 0; i < 5; ++i) {
    peer.send(get("/" + std::to_string(i)));
    ASSERT_TRUE(peer.read_until("GET " + std::to_string(i) + " []"));
  }
  EXPECT_EQ(served.counters().accepted, 1U);
  EXPECT_EQ(served.counters().requests, 5U);
}

TEST(Server, RefusesADescriptorThatDoesNotListen) {
  boost::asio::io_context context;
  os::UniqueFd plain(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Server server(context.get_executor(), std::move(plain), describe, quick_options());
  const Result<void> started = server.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::os);
}

}  // namespace
}  // namespace proa::http
