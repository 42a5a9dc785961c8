#include "unit/tls/ends.h"

#include <openssl/ssl.h>

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
  std::array<char, 3> first{};
  ASSERT_EQ(ends_.server->read(first.data(), first.size()).bytes, 3U);
  EXPECT_TRUE(ends_.server->has_pending()) << "of the second record, which came with the first";
}

// RFC 8446 section 4.6.3: a client may renew its keys as often as it likes, and send nothing else.
TEST_F(SessionTest, RecordsWithoutDataDoNotKeepAReadFromComingBack) {
  const int room = 8 << 20;
  if (::setsockopt(ends_.sockets[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0) {
    GTEST_SKIP() << "a larger socket buffer needs CAP_NET_ADMIN";
  }
  ASSERT_TRUE(ends_.shake());
  Outcome outcome{};
  EXPECT_EQ(read_from(*ends_.client, outcome), "");
  for (int i = 0; i < 3000; ++i) {  // 80 KB, of which a session reads 16 ahead
    ASSERT_EQ(SSL_key_update(ends_.client->native(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(ends_.client->native()), 1);
  }
  ASSERT_EQ(ends_.client->write("x").outcome, Outcome::done);
  int reads = 0;
  std::string got;
  for (; got.empty() && reads < 4000; ++reads) {
    got = read_from(*ends_.server, outcome);
    ASSERT_TRUE(!got.empty() || outcome == Outcome::wants_read);
  }
  EXPECT_EQ(got, "x");
  EXPECT_GT(reads, 1) << "others have a turn in between";
}

TEST_F(SessionTest, WhatHasComeIsReadWhenNothingCanBeSent) {
  ASSERT_TRUE(ends_.shake());
  ASSERT_EQ(ends_.server->write("413").bytes, 3U);
  ends_.server->end();
  ::close(ends_.sockets[0]);
  ends_.sockets[0] = -1;
  EXPECT_EQ(ends_.client->write("the rest of a large body").outcome, Outcome::failed);
  EXPECT_EQ(ends_.client->write("more of it").outcome, Outcome::failed);
  Outcome outcome{};
  EXPECT_EQ(read_from(*ends_.client, outcome), "413");
  EXPECT_EQ(read_from(*ends_.client, outcome), "");
  EXPECT_EQ(outcome, Outcome::ended);
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
