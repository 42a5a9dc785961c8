#include "unit/http/tls_served.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace proa::http {
namespace {

using namespace std::chrono_literals;

SteadyTime in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

ClientRequest to(std::uint16_t port, std::string target) {
  ClientRequest request;
  request.host = "127.0.0.1";
  request.port = port;
  request.target = std::move(target);
  return request;
}

Result<Response> fetch_now(ClientRequest request, std::chrono::milliseconds patience) {
  boost::asio::io_context context;
  return run_here(context, fetch(std::move(request), in(patience)));
}

boost::asio::awaitable<Response> echo(Request& request) {
  Response response(request.method == "POST" ? 201 : 200);
  response.headers.add("X-Host", request.headers.find("Host").value_or(""));
  response.body = std::move(request.body);
  co_return response;
}

/// A socket that answers whatever comes with `text` and closes.
class Canned {
 public:
  explicit Canned(std::string text) : listener_(listen_on_loopback(port_)) {
    thread_ = std::thread([this, text = std::move(text)] {
      os::UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
      std::array<char, 4096> waste{};
      (void)!::recv(client.get(), waste.data(), waste.size(), 0);
      (void)!::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
    });
  }
  ~Canned() { thread_.join(); }
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  os::UniqueFd listener_;
  std::thread thread_;
};

TEST(Client, SendsABodyAndReadsTheAnswer) {
  Served served(echo);
  ClientRequest request = to(served.port(), "/x");
  request.method = "POST";
  request.body.assign(500'000, 'b');
  const auto response = fetch_now(std::move(request), 10s);
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response.value().status, 201);
  EXPECT_EQ(response.value().body.size(), 500'000U);
  EXPECT_EQ(response.value().header("x-host"), "127.0.0.1:" + std::to_string(served.port()));
}

TEST(Client, ReadsChunkedAndUndelimitedAnswersAndSkips100) {
  Canned chunked(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(fetch_now(to(chunked.port(), "/"), 10s).value().body, "abc");
  Canned undelimited("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  EXPECT_EQ(fetch_now(to(undelimited.port(), "/"), 10s).value().body, "until the end");
}

TEST(Client, SaysWhenTheAnswerIsCutShort) {
  Canned cut("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(fetch_now(to(cut.port(), "/"), 10s).error().code(), Errc::unavailable);
  Canned nothing("");
  EXPECT_EQ(fetch_now(to(nothing.port(), "/"), 10s).error().code(), Errc::unavailable);
}

TEST(Client, SaysWhenThePeerDoesNotSpeakHttp) {
  Canned other("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  EXPECT_EQ(fetch_now(to(other.port(), "/"), 10s).error().code(), Errc::corrupt);
}

TEST(Client, RefusesAnswersOverItsLimit) {
  Canned large("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890");
  ClientRequest request = to(large.port(), "/");
  request.response_bytes_max = 10;
  EXPECT_EQ(fetch_now(std::move(request), 10s).error().code(), Errc::too_large);
}

TEST(Client, NamesAPortWhereNobodyListens) {
  std::uint16_t port = 0;
  listen_on_loopback(port).reset();
  const auto response = fetch_now(to(port, "/"), 10s);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::unavailable);
  EXPECT_NE(response.error().message().find("127.0.0.1:" + std::to_string(port)),
            std::string::npos);
}

ClientRequest with_trust(ClientRequest request, const tls::Made& authority) {
  request.host = "localhost";
  request.trust = tls::trust_in(authority);
  return request;
}

TEST(Client, SpeaksTls) {
  TlsServed served(echo);
  ClientRequest request = with_trust(to(served->port(), "/x"), served.certificate());
  request.method = "POST";
  request.body.assign(500'000, 'b');
  const auto response = fetch_now(std::move(request), 10s);
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response.value().status, 201);
  EXPECT_EQ(response.value().body.size(), 500'000U);
}

TEST(Client, SendsNothingToAServerWhoseCertificateItDoesNotAccept) {
  TlsServed served(echo);
  const tls::Made other{tls::Wish{}};
  const auto response = fetch_now(with_trust(to(served->port(), "/"), other), 10s);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::invalid);
  EXPECT_NE(response.error().message().find("is signed by an authority that is not known here"),
            std::string::npos);
  tls::Wish wish;
  wish.alternative_names = "DNS:elsewhere";
  const tls::Made elsewhere(wish);
  served.use(elsewhere);
  const auto wrong_name = fetch_now(with_trust(to(served->port(), "/"), elsewhere), 10s);
  ASSERT_FALSE(wrong_name);
  EXPECT_NE(wrong_name.error().message().find("is for elsewhere, and not for localhost"),
            std::string::npos);
  EXPECT_EQ(served->counters().requests, 0U);
}

TEST(Client, SaysWhichOfTheTwoSpeaksTls) {
  TlsServed served(echo);
  Served plain(echo);
  const auto to_plain = fetch_now(with_trust(to(plain.port(), "/"), served.certificate()), 10s);
  ASSERT_FALSE(to_plain);
  EXPECT_EQ(to_plain.error().code(), Errc::invalid);
  EXPECT_NE(to_plain.error().message().find("http:// in place of https://"), std::string::npos);
  const auto to_tls = fetch_now(to(served->port(), "/"), 10s);
  ASSERT_TRUE(to_tls);
  EXPECT_EQ(to_tls.value().status, 400);
  EXPECT_NE(to_tls.value().body.find("use https://"), std::string::npos);
  Canned alert(std::string("\x15\x03\x01\x00\x02\x02\x46", 7));
  const auto to_other = fetch_now(to(alert.port(), "/"), 10s);
  ASSERT_FALSE(to_other);
  EXPECT_NE(to_other.error().message().find("speaks TLS"), std::string::npos);
}

TEST(Client, GivesUpAHandshakeAtItsDeadline) {
  std::uint16_t port = 0;
  const os::UniqueFd silent = listen_on_loopback(port);
  const tls::Made made{tls::Wish{}};
  const auto response = fetch_now(with_trust(to(port, "/"), made), 50ms);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::deadline);
}

TEST(Client, GivesUpAtItsDeadline) {
  std::uint16_t port = 0;
  const os::UniqueFd silent = listen_on_loopback(port);
  const auto response = fetch_now(to(port, "/"), 50ms);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::deadline);
}

TEST(Client, RefusesATargetThatWouldBreakTheRequestLine) {
  EXPECT_EQ(fetch_now(to(1, "/a b"), 1s).error().code(), Errc::invalid);
  EXPECT_EQ(fetch_now(to(1, "/a\r\nX: y"), 1s).error().code(), Errc::invalid);
}

}  // namespace
}  // namespace proa::http
