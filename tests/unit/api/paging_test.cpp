#include "api/paging.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

http::Request with(std::string query) {
  http::Request request;
  request.target = "/x?" + std::move(query);
  EXPECT_TRUE(http::parse_target(request));
  return request;
}

std::size_t page_size(std::string query, std::string& problem) {
  Problems problems;
  const std::size_t size = decode_page_size(with(std::move(query)), 10'000, 50, problems);
  problem = problems.empty() ? "" : problems.mismatch_text().value_or(problems.text());
  return size;
}

TEST(Paging, TakesMaxItemsUpToThePage) {
  std::string problem;
  EXPECT_EQ(page_size("", problem), 50U);
  EXPECT_EQ(page_size("MaxItems=3", problem), 3U);
  EXPECT_EQ(page_size("MaxItems=5000", problem), 50U);
  EXPECT_EQ(problem, "");
}

TEST(Paging, RefusesOtherMaxItems) {
  std::string problem;
  page_size("MaxItems=0", problem);
  EXPECT_EQ(problem,
            "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1");
  page_size("MaxItems=10001", problem);
  EXPECT_TRUE(problem.ends_with("less than or equal to 10000"));
  page_size("MaxItems=x", problem);
  EXPECT_EQ(problem, "The value of 'MaxItems' is not an integer");
}

TEST(Paging, AMarkerComesBackAsItWas) {
  EXPECT_EQ(decode_marker(with("Marker=" + http::percent_encode(make_marker("f-1"))), "X").value(),
            "f-1");
  EXPECT_EQ(decode_marker(with("Marker="), "X").value(), "");
  const auto refused = decode_marker(with("Marker=%25"), "ListFunctions");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "The Marker '%' is not one of ListFunctions");
}

}  // namespace
}  // namespace proa::api
