#include "unit/tls/ends.h"

namespace proa::tls {
namespace {

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    ends_.serve(*context_of(made_));
    ends_.connect(*trust_in(made_), "localhost");
  }
  Made made_{Wish{}};
  Ends ends_;
};

TEST_F(SessionTest, CarriesBytesBothWaysAndTellsAnEnd) {
  ASSERT_TRUE(ends_.shake()) << ends_.client->reason();
  EXPECT_EQ(ends_.client->write("question").bytes, 8U);
  Outcome outcome{};
  EXPECT_EQ(read_from(*ends_.server, outcome), "question");
  EXPECT_EQ(read_from(*ends_.server, outcome), "");
  EXPECT_EQ(outcome, Outcome::wants_read);
  ends_.server->end();
  EXPECT_EQ(read_from(*ends_.client, outcome), "");
  EXPECT_EQ(outcome, Outcome::ended);
}

TEST_F(SessionTest, AnEndWithoutAWordIsAFailure) {
  ASSERT_TRUE(ends_.shake());
  ends_.close_client();
  Outcome outcome{};
  EXPECT_EQ(read_from(*ends_.server, outcome), "");
  EXPECT_EQ(outcome, Outcome::failed);
  EXPECT_EQ(ends_.server->reason(), "unexpected eof while reading");
  EXPECT_EQ(ends_.server->write("x").outcome, Outcome::failed);
  ends_.server->end();  // says nothing, and does not fail
}

TEST_F(SessionTest, WaitsForAReaderAndLosesNothing) {
  ASSERT_TRUE(ends_.shake());
  const std::string text(1'000'000, 't');
  std::string_view rest = text;
  std::string got;
  bool has_waited = false;
  while (got.size() < text.size()) {
    const Step step = rest.empty() ? Step{Outcome::wants_write} : ends_.server->write(rest);
    if (step.outcome == Outcome::done) {
      rest.remove_prefix(step.bytes);
      continue;
    }
    ASSERT_EQ(step.outcome, Outcome::wants_write);
    has_waited = true;
    Outcome outcome{};
    got += read_from(*ends_.client, outcome);
  }
  EXPECT_TRUE(has_waited);
  EXPECT_EQ(got, text);
}

TEST_F(SessionTest, KnowsWhatItHasReadAhead) {
  ASSERT_TRUE(ends_.shake());
  (void)ends_.client->write("one");
  (void)ends_.client->write("two");
  EXPECT_FALSE(ends_.server->has_pending());
  char byte = 0;
  ASSERT_EQ(ends_.server->read(&byte, 1).bytes, 1U);
  EXPECT_TRUE(ends_.server->has_pending());
}

TEST_F(SessionTest, KnowsHttpWithoutTlsAndSaysNothingToIt) {
  constexpr std::string_view kRequest = "DELETE / HTTP/1.1\r\n\r\n";
  ASSERT_EQ(::send(ends_.sockets[1], kRequest.data(), kRequest.size(), 0),
            static_cast<ssize_t>(kRequest.size()));
  EXPECT_EQ(ends_.server->handshake().outcome, Outcome::failed);
  EXPECT_TRUE(ends_.server->met_plain_http());
  char byte = 0;
  EXPECT_LT(::recv(ends_.sockets[1], &byte, 1, MSG_DONTWAIT), 0);
}

TEST_F(SessionTest, GarbageIsAFailureThatIsNoHttp) {
  constexpr std::string_view kGarbage = "\x16\x03\x01\x02garbage of no protocol at all";
  ASSERT_GT(::send(ends_.sockets[1], kGarbage.data(), kGarbage.size(), 0), 0);
  ends_.close_client();
  EXPECT_EQ(ends_.server->handshake().outcome, Outcome::failed);
  EXPECT_FALSE(ends_.server->met_plain_http());
  EXPECT_EQ(ends_.server->handshake().outcome, Outcome::failed);
}

TEST_F(SessionTest, NeedsNeitherItsContextNorItsAuthoritiesAnyMore) {
  // Both went with the constructor of the test.
  EXPECT_TRUE(ends_.shake());
}

}  // namespace
}  // namespace proa::tls
