#include "unit/tls/ends.h"

namespace proa::tls {
namespace {

/// Why a client that trusts `authority` refuses what `server` shows as `host`; empty: it does not.
std::string refusal(const Made& server, const Made& authority, const std::string& host) {
  Ends ends;
  ends.serve(*context_of(server));
  ends.connect(*trust_in(authority), host);
  if (ends.shake()) return "";
  const Error error = Trust::failure(*ends.client, host, host + ":443");
  EXPECT_EQ(error.code(), Errc::invalid);
  return error.message();
}

TEST(Trust, BelievesWhatItsAuthoritySignedForThatNameOrAddress) {
  const Made by(authority("CA"));
  const Made made(Wish{}, &by);
  EXPECT_EQ(refusal(made, by, "localhost"), "");
  EXPECT_EQ(refusal(made, by, "127.0.0.1"), "");
  EXPECT_EQ(refusal(made, by, "elsewhere"),
            "the certificate of elsewhere:443 is for localhost, 127.0.0.1, and not for elsewhere");
  EXPECT_EQ(refusal(made, by, "127.0.0.2"),
            "the certificate of 127.0.0.2:443 is for localhost, 127.0.0.1, and not for 127.0.0.2");
}

TEST(Trust, NamesAnAuthorityThatItDoesNotKnow) {
  const Made by(authority("Their CA"));
  const Made other(authority("Our CA"));
  const Made made(Wish{}, &by);
  EXPECT_EQ(refusal(made, other, "localhost"),
            "the certificate of localhost:443 is signed by an authority that is not known here: "
            "CN=Their CA");
}

TEST(Trust, BelievesACertificateThatIsInTheFileItself) {
  const Made made{Wish{}};
  EXPECT_EQ(refusal(made, made, "localhost"), "");
}

TEST(Trust, RefusesDatesThatDoNotFit) {
  const Made by(authority("CA"));
  Wish wish;
  wish.ends_s = -60;
  EXPECT_NE(refusal(Made(wish, &by), by, "localhost").find("localhost:443 has expired on 20"),
            std::string::npos);
  wish.begins_s = 3600;
  wish.ends_s = 7200;
  EXPECT_NE(refusal(Made(wish, &by), by, "localhost").find("is valid from 20"), std::string::npos);
  Wish old = authority("CA");
  old.ends_s = -60;
  const Made old_authority(old);
  EXPECT_EQ(refusal(Made(Wish{}, &old_authority), old_authority, "localhost"),
            "the certificate of localhost:443 stands on one that has expired");
}

TEST(Trust, SaysThatAServerSpeaksNoTls) {
  Ends ends;
  ends.connect(*Trust::of_this_machine().value(), "localhost");
  constexpr std::string_view kAnswer = "HTTP/1.1 400 Bad Request\r\n\r\n";
  ASSERT_GT(::send(ends.sockets[0], kAnswer.data(), kAnswer.size(), 0), 0);
  EXPECT_EQ(ends.client->handshake().outcome, Outcome::failed);
  EXPECT_EQ(Trust::failure(*ends.client, "localhost", "localhost:80").message(),
            "localhost:80 speaks HTTP without TLS: http:// in place of https://");
}

TEST(Trust, SaysThatAServerClosed) {
  Ends ends;
  ends.connect(*Trust::of_this_machine().value(), "localhost");
  ::close(ends.sockets[0]);
  ends.sockets[0] = -1;
  EXPECT_EQ(ends.client->handshake().outcome, Outcome::failed);
  const Error error = Trust::failure(*ends.client, "localhost", "localhost:443");
  EXPECT_EQ(error.code(), Errc::unavailable);
  EXPECT_TRUE(error.message().starts_with("no TLS with localhost:443: ")) << error.message();
}

TEST(Trust, RefusesAFileWithoutAuthorities) {
  EXPECT_EQ(Trust::of({"PROA_CA_FILE ca.pem", "no"}).error().message(),
            "PROA_CA_FILE ca.pem: is not a PEM file");
}

}  // namespace
}  // namespace proa::tls
