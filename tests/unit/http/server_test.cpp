#include "os/seqpacket.h"
#include "unit/http/callbacks.h"

namespace proa::http {
namespace {

TEST(Server, AnswersARequestThatArrivesInOnePiece) {
  Served served(describe_request);
  Peer peer(served.port());
  peer.send("POST /a/b%2Fc?x=1 HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nxyz");
  ASSERT_TRUE(peer.read_until("]"));
  EXPECT_TRUE(peer.seen().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(peer.seen().find("Content-Length: 16\r\n"), std::string::npos);
  EXPECT_NE(peer.seen().find("\r\nDate: "), std::string::npos);
  EXPECT_NE(peer.seen().find("POST a|b/c [xyz]"), std::string::npos);
}

TEST(Server, KeepsTheConnectionForFurtherRequests) {
  Served served(describe_request);
  Peer peer(served.port());
  for (int i = 0; i < 5; ++i) {
    peer.send(get("/" + std::to_string(i)));
    ASSERT_TRUE(peer.read_until("GET " + std::to_string(i) + " []"));
  }
  EXPECT_EQ(served.counters().accepted, 1U);
  EXPECT_EQ(served.counters().requests, 5U);
}

/// Two servers; the first says that the second did the work.
class TwoServers : public testing::Test {
 protected:
  static RequestCallback named(std::string name, std::optional<std::size_t> made_by) {
    return [=](Request&) -> boost::asio::awaitable<Response> {
      Response response;
      response.body = name;
      response.made_by_peer = made_by;
      co_return response;
    };
  }
  void SetUp() override {
    const std::vector<Server*> servers{&first_.server(), &second_.server()};
    first_.server().set_peers(servers);
    second_.server().set_peers(servers);
    first_.run();
    second_.run();
  }
  void TearDown() override {
    // A shard outlives its peers' threads; here the second server ends first, so the first one must
    // have let go of it.
    (void)first_.close(std::chrono::seconds(5));
  }
  std::string ask(Peer& peer) {
    peer.forget();
    EXPECT_TRUE(peer.send(get("/")));
    EXPECT_TRUE(peer.read_until("server]"));
    return peer.seen().substr(peer.seen().find("\r\n\r\n") + 4);
  }
  Served first_{Served::Paused(), named("[first server]", 1)};
  Served second_{Served::Paused(), named("[second server]", std::nullopt)};
};

TEST_F(TwoServers, AConnectionMovesToThePeerThatMakesItsAnswersAndStaysThere) {
  Peer peer(first_.port());
  int asked = 0;
  while (ask(peer) == "[first server]" && asked < 100) ++asked;
  EXPECT_GT(asked, 1);
  EXPECT_LT(asked, 100);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(peer), "[second server]");
  EXPECT_EQ(first_.counters().moved, 1U);
  EXPECT_EQ(second_.counters().moved, 0U);
  EXPECT_EQ(first_.connection_count(), 0U);
  EXPECT_EQ(second_.connection_count(), 1U);
}

TEST_F(TwoServers, AConnectionWithARequestAheadStaysUntilThatIsAnswered) {
  Peer peer(first_.port());
  std::string many;
  for (int i = 0; i < 50; ++i) many += get("/");
  ASSERT_TRUE(peer.send(many));
  const auto answers = [&peer] {
    std::size_t count = 0;
    const std::string& seen = peer.seen();
    for (auto at = seen.find("server]"); at != std::string::npos; at = seen.find("server]", at + 1))
      ++count;
    return count;
  };
  while (answers() < 50) {
    if (!peer.read_bytes(peer.seen().size() + 1)) break;
  }
  EXPECT_EQ(answers(), 50U);
  EXPECT_EQ(ask(peer).substr(0, 1), "[");
}

TEST_F(TwoServers, ConnectionsAreSharedOutWhoeverAcceptsThem) {
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 10; ++i) {
    peers.push_back(std::make_unique<Peer>(first_.port()));
    ask(*peers.back());
  }
  EXPECT_EQ(first_.connection_count() + second_.connection_count(), 10U);
  EXPECT_EQ(second_.connection_count(), 5U);
}

TEST_F(TwoServers, AConnectionStaysWhenThePeerHasClosed) {
  Peer peer(first_.port());
  ASSERT_TRUE(second_.close(std::chrono::seconds(1)));
  for (int i = 0; i < 30; ++i) EXPECT_EQ(ask(peer), "[first server]");
}

TEST(Server, ServesAConnectionThatIsHandedToIt) {
  boost::asio::io_context io;
  Server server(io.get_executor(), os::UniqueFd(), describe_request, {});
  ASSERT_TRUE(server.start());
  auto pair = std::move(os::stream_pair().value());
  server.serve(std::move(pair.second));
  const std::string request = get("/handed");
  ASSERT_EQ(::send(pair.first.get(), request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  std::string answer;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (answer.find("GET handed []") == std::string::npos &&
         std::chrono::steady_clock::now() < end) {
    io.restart();
    io.run_for(std::chrono::milliseconds(5));
    std::array<char, 1024> piece{};
    const ssize_t count = ::recv(pair.first.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count > 0) answer.append(piece.data(), static_cast<std::size_t>(count));
  }
  EXPECT_NE(answer.find("GET handed []"), std::string::npos) << answer;
  EXPECT_EQ(server.counters().accepted, 1U);
  EXPECT_EQ(server.connection_count(), 1U);
}

TEST(Server, RefusesADescriptorThatDoesNotListen) {
  boost::asio::io_context context;
  os::UniqueFd plain(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Server server(context.get_executor(), std::move(plain), describe_request, quick_options());
  const Result<void> started = server.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::os);
}

}  // namespace
}  // namespace proa::http
