#include "otlp/otlp.h"

#include <gtest/gtest.h>

namespace proa::otlp {
namespace {

TEST(OtlpEndpoint, IsAHostWithPortAndPath) {
  const auto plain = parse_endpoint("http://collector");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain.value().host, "collector");
  EXPECT_EQ(plain.value().port, 4318);
  EXPECT_EQ(plain.value().path, "");
  const auto full = parse_endpoint("http://[::1]:9999/otlp/");
  ASSERT_TRUE(full);
  EXPECT_EQ(full.value().host, "::1");
  EXPECT_EQ(full.value().port, 9999);
  EXPECT_EQ(full.value().path, "/otlp");
}

TEST(OtlpEndpoint, RefusesByNameWhatItIsNot) {
  const auto tls = parse_endpoint("https://collector:4318");
  ASSERT_FALSE(tls);
  EXPECT_EQ(tls.error().code(), Errc::unsupported);
  EXPECT_NE(tls.error().message().find("https is not supported by Proa yet"), std::string::npos);
  for (const char* text :
       {"", "collector:4318", "http://", "grpc://c:4317", "http://c:0", "http://c:99999",
        "http://u:p@c", "http://c/?a=b", "http://c/#f", "http://a b"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
}

TEST(OtlpHeaders, AreLinesOfNameAndValue) {
  const auto headers =
      parse_headers("# for the collector\n\nAuthorization: Bearer a:b\r\n x-scope :  one two \n");
  ASSERT_TRUE(headers);
  EXPECT_EQ(headers.value(), (std::vector<std::pair<std::string, std::string>>{
                                 {"Authorization", "Bearer a:b"}, {"x-scope", "one two"}}));
  EXPECT_TRUE(parse_headers("").value().empty());
}

TEST(OtlpHeaders, AFaultNamesItsLineAndNotItsValue) {
  for (const char* text :
       {"a: b\nsecret", "a: b\nno name: secret", "a: b\n: secret", "a: b\nx: secret\x01"}) {
    const auto refused = parse_headers(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_TRUE(refused.error().message().starts_with("line 2")) << refused.error().message();
    EXPECT_EQ(refused.error().message().find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace proa::otlp
