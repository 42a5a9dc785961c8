#include "base/encoding.h"

#include <gtest/gtest.h>

namespace proa {
namespace {

TEST(Encoding, Base64RoundTripsEveryLengthOfPadding) {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    EXPECT_EQ(from_base64(to_base64(text)), text);
  }
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");  // RFC 4648 section 10
}

TEST(Encoding, Base64RefusesWhatIsNotBase64) {
  for (const std::string text :
       {"Zg", "Zg=", "Z===", "====", "Zm9v\n", "Zm 9", "Zm9v!A==", "=m9v"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(Encoding, Sha256MatchesTheStandardVector) {
  const Sha256Digest digest = sha256("abc");  // FIPS 180-2 appendix B.1
  EXPECT_EQ(to_hex(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Encoding, HexHasItsLengthAndLowerCase) {
  EXPECT_TRUE(is_hex("09af", 4));
  EXPECT_TRUE(is_hex("", 0));
  for (const std::string text : {"09a", "09aff", "09AF", "09ag", "0x9a", "9 af"}) {
    EXPECT_FALSE(is_hex(text, 4)) << text;
  }
}

}  // namespace
}  // namespace proa
