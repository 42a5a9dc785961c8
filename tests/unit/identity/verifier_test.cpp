#include "identity/identity.h"
#include "unit/identity/vectors.h"

#include <gtest/gtest.h>

#include <map>

namespace proa::identity {
namespace {

/// 2015-08-30T12:36:00Z, as in AWS's test suite.
const WallTime kNow = WallTime(std::chrono::seconds(1440938160));
const std::string kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

class FakeKeys final : public KeyLookup {
 public:
  void add(const std::string& id, const std::string& secret, const std::string& token = "",
           WallTime expires = WallTime::max()) {
    auto key = std::make_shared<Key>();
    key->id = id;
    key->secret = secret;
    key->session_token = token;
    key->account_id = "123456789012";
    key->expires = expires;
    keys[id] = key;
  }
  KeyPtr find(std::string_view key_id) const override {
    const auto found = keys.find(std::string(key_id));
    return found == keys.end() ? nullptr : found->second;
  }
  std::map<std::string, KeyPtr> keys;
};

http::Request request_of(const Vector& vector) {
  http::Request request;
  request.method = vector.method;
  request.target = vector.target;
  for (const auto& [name, value] : vector.headers) request.headers.add(name, value);
  request.body = vector.body;
  EXPECT_TRUE(http::parse_target(request)) << vector.target;
  return request;
}

class VerifierTest : public ::testing::Test {
 protected:
  VerifierTest() { keys_.add("AKIDEXAMPLE", kSecret); }

  /// A request signed by ourselves for `service`.
  http::Request make(const std::string& body = "{}", const std::string& service = "lambda",
                     WallTime at = kNow) {
    http::Request request;
    request.method = "POST";
    request.target = "/2015-03-31/functions/f/invocations?Qualifier=1";
    request.headers.add("Host", "127.0.0.1:9600");
    request.headers.add("X-Proa-Sidecars", "profiler");
    request.body = body;
    EXPECT_TRUE(http::parse_target(request));
    Credentials credentials;
    credentials.key_id = "AKIDEXAMPLE";
    credentials.secret = kSecret;
    SigningScope scope;
    scope.region = "eu-west-1";
    scope.service = service;
    sign(request, credentials, scope, at);
    return request;
  }
  std::string refusal(const http::Request& request) {
    const Verdict verdict = verifier_.verify(request, kNow, keys_);
    return verdict.key ? "served" : verdict.message;
  }

  FakeKeys keys_;
  SignatureVerifier verifier_;
};

TEST_F(VerifierTest, AcceptsWhatBotocoreSigns) {
  SignatureVerifier verifier("service");
  for (const Vector& vector : kVectors) {
    FakeKeys keys;
    keys.add("AKIDEXAMPLE", kSecret, vector.token);
    const http::Request request = request_of(vector);
    for (int round = 0; round < 2; ++round) {  // the second one finds the derived key
      const Verdict verdict = verifier.verify(request, kNow, keys);
      EXPECT_TRUE(verdict.key) << vector.name << ": " << verdict.message;
      EXPECT_EQ(verdict.region, "us-east-1");
    }
  }
}

TEST_F(VerifierTest, AnyChangedByteIsNoticed) {
  SignatureVerifier verifier("service");
  for (const Vector& vector : kVectors) {
    FakeKeys keys;
    keys.add("AKIDEXAMPLE", kSecret, vector.token);
    http::Request other = request_of(vector);
    other.method = "PATCH";
    EXPECT_FALSE(verifier.verify(other, kNow, keys).key) << vector.name << ": method";
    other = request_of(vector);
    other.body.push_back(' ');
    EXPECT_FALSE(verifier.verify(other, kNow, keys).key) << vector.name << ": body";
    other = request_of(vector);
    other.target.append(other.target.find('?') == std::string::npos ? "?a" : "&a");
    ASSERT_TRUE(http::parse_target(other));
    EXPECT_FALSE(verifier.verify(other, kNow, keys).key) << vector.name << ": query";
  }
}

TEST_F(VerifierTest, AcceptsItsOwnSignaturesAndKnowsTheRegion) {
  const http::Request request = make();
  const Verdict verdict = verifier_.verify(request, kNow, keys_);
  ASSERT_TRUE(verdict.key) << verdict.message;
  EXPECT_EQ(verdict.region, "eu-west-1");
  EXPECT_EQ(verdict.key->account_id, "123456789012");
}

TEST_F(VerifierTest, ADigestThatIsKnownSparesTheHash) {
  EXPECT_TRUE(verifier_.verify(make("{}"), kNow, keys_, sha256("{}")).key);
  EXPECT_FALSE(verifier_.verify(make("{}"), kNow, keys_, sha256("{ }")).key);
}

TEST_F(VerifierTest, UnsignedRequestsMissAToken) {
  http::Request request;
  request.method = "GET";
  request.target = "/";
  const Verdict verdict = verifier_.verify(request, kNow, keys_);
  EXPECT_EQ(verdict.refusal, Refusal::missing_token);
  EXPECT_EQ(verdict.message, "Missing Authentication Token");
}

TEST_F(VerifierTest, UnknownKeysAndTokensAreNotRecognized) {
  const std::string invalid = "The security token included in the request is invalid.";
  const http::Request request = make();
  keys_.keys.clear();
  EXPECT_EQ(refusal(request), invalid);
  EXPECT_EQ(verifier_.verify(request, kNow, keys_).refusal, Refusal::unknown_key);
  keys_.add("AKIDEXAMPLE", kSecret, "token");  // which the request does not bring
  EXPECT_EQ(refusal(request), invalid);
}

TEST_F(VerifierTest, TemporaryCredentialsExpire) {
  const http::Request request = make();
  keys_.add("AKIDEXAMPLE", kSecret, "", kNow);
  EXPECT_EQ(refusal(request), "The security token included in the request is expired");
  EXPECT_EQ(verifier_.verify(request, kNow, keys_).refusal, Refusal::expired_token);
}

TEST_F(VerifierTest, AWrongSecretIsAWrongSignature) {
  EXPECT_EQ(refusal(make()), "served");
  keys_.add("AKIDEXAMPLE", "another");  // a key of the same id: what was derived is stale
  EXPECT_TRUE(refusal(make()).starts_with("The request signature we calculated does not match"));
  keys_.add("AKIDEXAMPLE", kSecret);
  EXPECT_EQ(refusal(make()), "served");
}

TEST_F(VerifierTest, ClocksMayDifferByFiveMinutes) {
  using std::chrono::seconds;
  EXPECT_EQ(refusal(make("{}", "lambda", kNow - seconds(300))), "served");
  EXPECT_EQ(refusal(make("{}", "lambda", kNow + seconds(300))), "served");
  EXPECT_EQ(refusal(make("{}", "lambda", kNow - seconds(301))),
            "Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z "
            "(20150830T123600Z - 5 min.)");
  EXPECT_EQ(refusal(make("{}", "lambda", kNow + seconds(301))),
            "Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z "
            "(20150830T123600Z + 5 min.)");
}

TEST_F(VerifierTest, TheScopeMustBeOurs) {
  EXPECT_EQ(refusal(make("{}", "s3")), "Credential should be scoped to correct service: 'lambda'.");
}

TEST_F(VerifierTest, ProaHeadersMustBeSigned) {
  http::Request request = make();
  request.headers.add("X-PROA-Kernel", "full");
  EXPECT_EQ(refusal(request), "The header 'X-PROA-Kernel' must be one of the SignedHeaders");
}

TEST_F(VerifierTest, PayloadsMustBeSignedWhole) {
  const auto with_hash = [this](const std::string& value, const std::string& body) {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.headers.add("Host", "h");
    request.headers.add("X-Amz-Content-Sha256", value);
    request.headers.add("X-Amz-Date", "20150830T123600Z");
    request.headers.add("Authorization",
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/lambda/"
                        "aws4_request, SignedHeaders=host;x-amz-date, Signature=00");
    request.body = body;
    EXPECT_TRUE(http::parse_target(request));
    return refusal(request);
  };
  EXPECT_EQ(with_hash("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x"),
            "The payload signature STREAMING-AWS4-HMAC-SHA256-PAYLOAD (signed chunks) is not "
            "supported by Proa; sign the whole payload");
  EXPECT_EQ(with_hash("UNSIGNED-PAYLOAD", "x"),
            "UNSIGNED-PAYLOAD is not accepted for a request with a body; sign its SHA-256");
  EXPECT_TRUE(with_hash("UNSIGNED-PAYLOAD", "").starts_with("The request signature we calculated"));
  EXPECT_EQ(with_hash(to_hex(sha256("y")), "x"),
            "The provided 'x-amz-content-sha256' header does not match what was computed.");
}

TEST_F(VerifierTest, PresignedAddressesWorkUntilTheyExpire) {
  Credentials credentials;
  credentials.key_id = "AKIDEXAMPLE";
  credentials.secret = kSecret;
  PresignOptions options;
  options.host = "127.0.0.1:9600";
  options.scope.region = "us-east-1";
  options.validity = std::chrono::seconds(60);
  http::Request request;
  request.method = "GET";
  request.headers.add("Host", options.host);
  request.target = presign("/proa/v1/functions/arn%3Aaws/code", credentials, options, kNow);
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_TRUE(verifier_.verify(request, kNow + std::chrono::seconds(60), keys_).key);
  EXPECT_TRUE(verifier_.verify(request, kNow + std::chrono::seconds(61), keys_)
                  .message.starts_with("Signature expired: 20150830T123600Z is now earlier than "));
}

}  // namespace
}  // namespace proa::identity
