#include "http/http.h"

#include <gtest/gtest.h>

namespace proa::http {
namespace {

Request parsed(std::string target) {
  Request request;
  request.target = std::move(target);
  EXPECT_TRUE(parse_target(request)) << request.target;
  return request;
}

using Segments = std::vector<std::string>;

TEST(Target, DecodesSegmentsAfterSplitting) {
  const Request request = parsed("/2015-03-31/functions/arn%3Aaws%3Af%2Fx/invocations");
  EXPECT_EQ(request.segments, (Segments{"2015-03-31", "functions", "arn:aws:f/x", "invocations"}));
  EXPECT_EQ(request.raw_path(), "/2015-03-31/functions/arn%3Aaws%3Af%2Fx/invocations");
}

TEST(Target, ATrailingSlashAddsNoSegment) {
  EXPECT_EQ(parsed("/a/b/").segments, (Segments{"a", "b"}));
  EXPECT_EQ(parsed("/").segments, Segments{});
  EXPECT_EQ(parsed("//a").segments, (Segments{"", "a"}));
}

TEST(Target, KeepsPlusInPathsAndDecodesItInQueries) {
  const Request request = parsed("/a+b?q=c+d&e=%2B");
  EXPECT_EQ(request.segments, (Segments{"a+b"}));
  EXPECT_EQ(request.query_value("q"), "c d");
  EXPECT_EQ(request.query_value("e"), "+");
}

TEST(Target, KeepsRepeatedAndEmptyQueryParameters) {
  const Request request = parsed("/t?tagKeys=a&tagKeys=b&flag&empty=&&");
  ASSERT_EQ(request.query.size(), 4U);
  EXPECT_EQ(request.query[0].value, "a");
  EXPECT_EQ(request.query[1].value, "b");
  EXPECT_EQ(request.query_value("flag"), "");
  EXPECT_EQ(request.query_value("empty"), "");
  EXPECT_FALSE(request.query_value("none"));
}

TEST(Target, TakesAbsoluteForm) {
  const Request request = parsed("http://host:9600/a/b?c=d");
  EXPECT_EQ(request.segments, (Segments{"a", "b"}));
  EXPECT_EQ(request.raw_path(), "/a/b");
  EXPECT_EQ(parsed("http://host").raw_path(), "/");
  EXPECT_EQ(parsed("http://host?x=1").query_value("x"), "1");
}

TEST(Target, RefusesBadForms) {
  for (const std::string target :
       {"", "a/b", "host:443", "/%", "/%4", "/%4g", "/a?x=%zz", "/%00"}) {
    Request request;
    request.target = target;
    const auto result = parse_target(request);
    ASSERT_FALSE(result) << target;
    EXPECT_EQ(result.error().code(), Errc::invalid);
  }
}

TEST(Target, EncodesWhatItDecodes) {
  const std::string text = "arn:aws:lambda/ü x%";
  EXPECT_EQ(percent_encode("a:b/c"), "a%3Ab%2Fc");
  EXPECT_EQ(percent_decode(percent_encode(text), false), text);
}

}  // namespace
}  // namespace proa::http
