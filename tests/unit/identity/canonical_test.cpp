#include "identity/canonical.h"

#include <gtest/gtest.h>

namespace proa::identity {
namespace {

std::string canonical(const std::string& target, bool is_presigned = false) {
  http::Request request;
  request.method = "GET";
  request.target = target;
  request.headers.add("Host", " h ");
  request.headers.add("X-A", "  one\t two  ");
  request.headers.add("x-a", "three");
  EXPECT_TRUE(http::parse_target(request));
  const std::string_view names[] = {"host", "x-a"};
  std::string out;
  append_canonical(request, names, "HASH", is_presigned, out);
  return out;
}

TEST(Canonical, HeadersAreTrimmedAndJoined) {
  EXPECT_EQ(canonical("/"), "GET\n/\n\nhost:h\nx-a:one two,three\n\nhost;x-a\nHASH");
}

TEST(Canonical, PathsAreEncodedOnceMore) {
  EXPECT_TRUE(canonical("/f%3A1/x").starts_with("GET\n/f%253A1/x\n"));
  EXPECT_TRUE(canonical("/a//./b/../c/").starts_with("GET\n/a/c/\n"));
  EXPECT_TRUE(canonical("?x=1").starts_with("GET\n/\nx=1\n"));
}

TEST(Canonical, QueriesAreSortedAndLoseTheirSignature) {
  EXPECT_TRUE(canonical("/?b=2&a=%2F&b=1&c").starts_with("GET\n/\na=%2F&b=1&b=2&c=\n"));
  EXPECT_TRUE(canonical("/?X-Amz-Signature=s&a=1").starts_with("GET\n/\nX-Amz-Signature=s&a=1\n"));
  EXPECT_TRUE(canonical("/?X-Amz-Signature=s&a=1", true).starts_with("GET\n/\na=1\n"));
}

}  // namespace
}  // namespace proa::identity
