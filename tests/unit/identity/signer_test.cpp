#include "identity/identity.h"
#include "unit/identity/vectors.h"

#include <gtest/gtest.h>

namespace proa::identity {
namespace {

TEST(Signer, SignsAsBotocoreDoes) {
  Credentials credentials;
  credentials.key_id = "AKIDEXAMPLE";
  credentials.secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  SigningScope scope;
  scope.region = "us-east-1";
  scope.service = "service";
  int count = 0;
  for (const Vector& vector : kVectors) {
    if (vector.name.ends_with("-presigned")) continue;
    ++count;
    credentials.session_token = vector.token;
    http::Request request;
    request.method = vector.method;
    request.target = vector.target;
    request.body = vector.body;
    std::string expected;
    for (const auto& [name, value] : vector.headers) {
      if (name == "Authorization") expected = value;
      if (name != "Authorization" && !name.starts_with("X-Amz-Date") &&
          !name.starts_with("X-Amz-Security")) {
        request.headers.add(name, value);
      }
    }
    ASSERT_TRUE(http::parse_target(request));
    sign(request, credentials, scope, WallTime(std::chrono::seconds(1440938160)));
    EXPECT_EQ(request.headers.find("Authorization"), expected) << vector.name;
  }
  EXPECT_GT(count, 20);
}

}  // namespace
}  // namespace proa::identity
