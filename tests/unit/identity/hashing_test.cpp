#include "identity/hashing.h"

#include <gtest/gtest.h>

namespace proa::identity {
namespace {

TEST(Hashing, HashesAgainAndAgain) {
  Hasher hash;
  EXPECT_EQ(hash("a"), sha256("a"));
  EXPECT_EQ(hash(""), sha256(""));
  EXPECT_EQ(hash("a"), sha256("a"));
}

// RFC 4231, test case 2.
TEST(Hashing, KeyedHashesMatchTheRfc) {
  HmacKey key("Jefe");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(to_hex(key("what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
TEST(Hashing, DerivesTheKeyOfAwssExample) {
  HmacKey key =
      signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam");
  HmacKey same(as_chars(HmacKey(as_chars(HmacKey(as_chars(HmacKey(as_chars(
      HmacKey("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")("20150830")))("us-east-1")))("iam")))(
      "aws4_request")));
  EXPECT_EQ(key("text"), same("text"));
}

}  // namespace
}  // namespace proa::identity
