#include "identity/claim.h"

#include "identity/identity.h"

#include <gtest/gtest.h>

namespace proa::identity {
namespace {

constexpr const char* kGood =
    "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/lambda/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=abc";

http::Request with(const std::string& authorization, bool has_date = true) {
  http::Request request;
  request.method = "GET";
  request.target = "/";
  if (has_date) request.headers.add("X-Amz-Date", "20150830T123600Z");
  request.headers.add("Authorization", authorization);
  return request;
}

std::string refusal(const http::Request& request) {
  const auto claim = parse_claim(request);
  return claim ? "read" : claim.error().message();
}

TEST(Claim, TakesTheHeaderApart) {
  for (const std::string& text :
       {std::string(kGood), std::string("AWS4-HMAC-SHA256 Signature=abc,SignedHeaders=host;x-amz-"
                                        "date,Credential=AKID/20150830/us-east-1/lambda/"
                                        "aws4_request")}) {
    const http::Request request = with(text);
    const auto claim = parse_claim(request);
    ASSERT_TRUE(claim) << claim.error().message();
    EXPECT_EQ(claim.value().key_id, "AKID");
    EXPECT_EQ(claim.value().scope, "20150830/us-east-1/lambda/aws4_request");
    EXPECT_EQ(claim.value().date, "20150830");
    EXPECT_EQ(claim.value().region, "us-east-1");
    EXPECT_EQ(claim.value().service, "lambda");
    EXPECT_EQ(claim.value().signature, "abc");
    ASSERT_EQ(claim.value().signed_headers.size(), 2U);
    EXPECT_EQ(claim.value().signed_headers[1], "x-amz-date");
    EXPECT_EQ(claimed_key_id(request), "AKID");
  }
}

TEST(Claim, ListsAllThatIsMissing) {
  EXPECT_EQ(refusal(with("nonsense", false)),
            "Authorization header requires 'Credential' parameter. Authorization header requires "
            "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            "(Hashed with SHA-256 and encoded with Base64) Authorization=" +
                to_base64(as_chars(sha256("nonsense"))));
  EXPECT_FALSE(claimed_key_id(with("nonsense")));
}

TEST(Claim, RefusesOtherForms) {
  EXPECT_EQ(refusal(with("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=1")),
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            "keyid/date/region/service/term, got 'a/b/c'");
  for (const std::string names : {"Host", "host;", ";host", "host;;date", "ho st"}) {
    EXPECT_TRUE(refusal(with("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=" + names +
                             ", Signature=1"))
                    .starts_with("SignedHeaders must be"))
        << names;
  }
  EXPECT_EQ(
      refusal(with("AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d, SignedHeaders=h, Signature=1")),
      "The signing algorithm AWS4-ECDSA-P256-SHA256 is not supported by Proa; use "
      "AWS4-HMAC-SHA256");
}

TEST(Claim, NamesWhatAPresignedQueryMisses) {
  http::Request request;
  request.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20150830T123600Z";
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_EQ(refusal(request),
            "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string "
            "parameters must include 'X-Amz-Signature'. AWS query-string parameters must include "
            "'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Expires'. "
            "Re-examine the query-string parameters.");
}

}  // namespace
}  // namespace proa::identity
