#include "base/ed25519.h"

#include <gtest/gtest.h>

namespace proa {
namespace {

// RFC 8032, section 7.1, test 2.
constexpr const char* kKnownPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kKnownPublic =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
constexpr const char* kKnownSignature =
    "\x92\xa0\x09\xa9\xf0\xd4\xca\xb8\x72\x0e\x82\x0b\x5f\x64\x25\x40"
    "\xa2\xb2\x7b\x54\x16\x50\x3f\x8f\xb3\x76\x22\x23\xeb\xdb\x69\xda"
    "\x08\x5a\xc1\xe4\x3e\x15\x99\x6e\x45\x8f\x36\x13\xd0\xf1\x1d\x8c"
    "\x38\x7b\x2e\xae\xb4\x30\x2a\xee\xb0\x0d\x29\x16\x12\xbb\x0c\x00";

TEST(Ed25519, IsThatOfTheRfc) {
  const auto key = Ed25519Key::from_pem(kKnownPem);
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(to_text(key.value().public_half()), kKnownPublic);
  EXPECT_EQ(key.value().sign("\x72"), std::string(kKnownSignature, kEd25519SignatureSize));
  EXPECT_EQ(key.value().pem(), kKnownPem);
}

TEST(Ed25519, OnlyTheSignedMessageIsSignedAndOnlyByThatKey) {
  const auto key = Ed25519Key::make().value();
  const auto half = key.public_half();
  std::string signature = key.sign("message");
  EXPECT_TRUE(is_signed_by(half, "message", signature));
  EXPECT_FALSE(is_signed_by(half, "massage", signature));
  EXPECT_FALSE(is_signed_by(half, "", signature));
  EXPECT_FALSE(is_signed_by(Ed25519Key::make().value().public_half(), "message", signature));
  EXPECT_FALSE(is_signed_by(half, "message", signature.substr(1)));
  EXPECT_FALSE(is_signed_by(half, "message", signature + "x"));
  EXPECT_FALSE(is_signed_by(half, "message", ""));
  signature[5] = static_cast<char>(signature[5] ^ 1);
  EXPECT_FALSE(is_signed_by(half, "message", signature));
  EXPECT_FALSE(is_signed_by(Ed25519Public{}, "message", signature));
}

TEST(Ed25519, APrivateHalfSurvivesItsPem) {
  const auto key = Ed25519Key::make().value();
  const auto read = Ed25519Key::from_pem(key.pem());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read.value().public_half(), key.public_half());
}

TEST(Ed25519, WhatIsNoPrivateKeyIsRefused) {
  // For key agreement, and so of another kind.
  const std::string x25519 =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VuBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
      "-----END PRIVATE KEY-----\n";
  for (const std::string& text :
       {std::string(), std::string("key"), x25519, std::string(kKnownPem).substr(0, 60)}) {
    const auto key = Ed25519Key::from_pem(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code(), Errc::corrupt);
  }
}

TEST(Ed25519, APublicHalfIsSixtyFourHexDigits) {
  const auto half = ed25519_public_of(kKnownPublic);
  ASSERT_TRUE(half);
  EXPECT_EQ(to_text(*half), kKnownPublic);
  const std::string text = kKnownPublic;
  for (const std::string& wrong : {std::string(), text.substr(1), text + "0", "x" + text.substr(1),
                                   "-1" + text.substr(2), "0x" + text.substr(2)}) {
    EXPECT_FALSE(ed25519_public_of(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace proa
