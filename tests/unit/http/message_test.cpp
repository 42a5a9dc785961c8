#include "http/http.h"

#include <gtest/gtest.h>

namespace proa::http {
namespace {

TEST(Headers, AControlCharacterAnywhereInAValueBecomesASpace) {
  const std::string clean = "caf\xc3\xa9 \xff ~tab\tand more of it";
  for (std::size_t at = 0; at < clean.size(); ++at) {
    for (const char control : {'\n', '\r', '\0', '\x1f', '\x7f'}) {
      std::string value = clean;
      value[at] = control;
      std::string expected = clean;
      expected[at] = ' ';
      Headers headers;
      headers.add("Name", value);
      EXPECT_EQ(headers.at(0).second, expected) << at;
    }
  }
  Headers headers;
  headers.add("Name", clean);
  EXPECT_EQ(headers.at(0).second, clean);
}

TEST(Headers, FindsNamesWithoutCase) {
  Headers headers;
  headers.add("X-Amz-Log-Type", "Tail");
  headers.add("x-other", "1");
  headers.add("X-OTHER", "2");
  EXPECT_EQ(headers.find("x-amz-LOG-type"), "Tail");
  EXPECT_EQ(headers.find("X-Other"), "1");
  EXPECT_EQ(headers.count("x-other"), 2U);
  EXPECT_FALSE(headers.find("X-Amz"));
  EXPECT_EQ(headers.lines(), "X-Amz-Log-Type: Tail\r\nx-other: 1\r\nX-OTHER: 2\r\n");
}

TEST(Headers, AValueCannotBeginALineOfItsOwn) {
  Headers headers;
  headers.add("X-Error", std::string("a\r\nSet-Cookie: x\0y", 18));
  EXPECT_EQ(headers.lines(), "X-Error: a  Set-Cookie: x y\r\n");
}

TEST(Headers, StayValidWhenMoved) {
  Headers headers;
  headers.add("A", "b");
  const Headers moved = std::move(headers);
  EXPECT_EQ(moved.find("a"), "b");
  EXPECT_EQ(moved.at(0).first, "A");
}

TEST(Request, ClearKeepsThePeerAndGivesBackLargeBodies) {
  Request request;
  request.remote_address = "127.0.0.1:1";
  request.is_loopback = true;
  request.is_body_too_large = true;
  request.body.assign(10 * 1024 * 1024, 'x');
  request.clear();
  EXPECT_EQ(request.remote_address, "127.0.0.1:1");
  EXPECT_TRUE(request.is_loopback);
  EXPECT_FALSE(request.is_body_too_large);
  EXPECT_LT(request.body.capacity(), 1024U);
}

}  // namespace
}  // namespace proa::http
