#include "cli/top_view.h"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Two environments and a function, `calls` of it and so much processor time used so far.
boost::json::value answer(int calls, int cpu_ms, const std::string& began = "b") {
  return boost::json::parse(
      R"({"began":")" + began + R"(","environments_in_all":2,"functions_in_all":1,
    "host":{"environments":2,"environments_max":64,"running":1,"waiting":0,
            "account_concurrency_max":1000,"memory_counted_bytes":67108864,
            "memory_total_bytes":null,"memory_available_bytes":null,"memory_reserve_bytes":0},
    "functions":[{"account_id":"1","region":"r","function":"f","running":1,"waiting":0,
                  "failures":0,"throttled":0,"cold_starts":1,"duration_ms":)" +
      std::to_string(calls * 5) + R"(,"calls":)" + std::to_string(calls) + R"(}],
    "environments":[
      {"id":"00112233445566778899","function":"f","version":"$LATEST","state":"busy",
       "in_state_ms":2900,"timeout_ms":3000,"request_id":"req-1","start":"cold","calls":1,
       "age_ms":90000,"memory_bytes":1048576,"memory_limit_bytes":134217728,
       "memory_peak_bytes":null,"runtime":"python3.11.2","cpu_ms":)" +
      std::to_string(cpu_ms) + R"(},
      {"id":"ff","function":"","state":"parked","in_state_ms":10,"timeout_ms":0,"request_id":"",
       "start":null,"calls":0,"age_ms":10,"memory_bytes":9048576,"memory_limit_bytes":null,
       "memory_peak_bytes":null,"runtime":"node","cpu_ms":0}]})");
}

SteadyTime at(int second) { return SteadyTime() + std::chrono::seconds(second); }

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(TopView, TheFirstLookHasSumsAndTheNextOnesRates) {
  TopView view;
  ASSERT_TRUE(view.take(answer(10, 100), at(0)));
  EXPECT_THAT(joined(view.lines({})), HasSubstr("f         1        0        10     0"));
  ASSERT_TRUE(view.take(answer(30, 1100), at(2)));
  const std::string text = joined(view.lines({}));
  EXPECT_THAT(text, HasSubstr("CALLS/s"));
  EXPECT_THAT(text, HasSubstr("f         1        0        10 "));
  EXPECT_THAT(text, HasSubstr("50%")) << "a second of processor time in two";
  EXPECT_THAT(text, HasSubstr("5.00ms"));
  EXPECT_THAT(text, HasSubstr("busy    2.9s  3.0s     req-1"));
}

TEST(TopView, ARestartIsSaidAndBeginsAnew) {
  TopView view;
  ASSERT_TRUE(view.take(answer(10, 100), at(0)));
  view.miss("No answer");
  EXPECT_THAT(view.lines({}).front(), StartsWith("No answer"));
  ASSERT_TRUE(view.take(answer(1, 1, "later"), at(2)));
  EXPECT_EQ(view.lines({}).front(), "The daemon was started anew at later.");
  EXPECT_THAT(joined(view.lines({})), Not(HasSubstr("CALLS/s")));
  ASSERT_TRUE(view.take(answer(2, 1, "later"), at(4)));
  EXPECT_THAT(view.lines({}).front(), StartsWith("environments 2 of 64"));
}

TEST(TopView, OnlyWhatFitsIsShown) {
  TopView view;
  ASSERT_TRUE(view.take(answer(10, 100), at(0)));
  TopFrame frame;
  frame.rows = 7;
  frame.screen.columns = 30;
  const auto lines = view.lines(frame);
  EXPECT_LE(lines.size(), 7U);
  for (const std::string& line : lines)
    EXPECT_LE(line.size(), 32U) << line;  // an ellipsis: 3 bytes
  EXPECT_EQ(lines.back(), "2 more environments");
}

TEST(TopView, TheOrderIsWhatAKeyAsksFor) {
  EXPECT_EQ(parse_top_order('m'), TopOrder::memory);
  EXPECT_EQ(parse_top_order('x'), std::nullopt);
  TopView view;
  ASSERT_TRUE(view.take(answer(10, 100), at(0)));
  const auto first = [&](TopOrder order) {
    TopFrame frame;
    frame.order = order;
    const auto lines = view.lines(frame);
    return lines.at(lines.size() - 2).substr(0, 1);
  };
  EXPECT_EQ(first(TopOrder::running), "f");
  EXPECT_EQ(first(TopOrder::memory), "-");
  EXPECT_EQ(first(TopOrder::age), "f");
  EXPECT_EQ(first(TopOrder::calls), "f");
  EXPECT_EQ(first(TopOrder::function), "-");
}

TEST(TopView, NamesCannotSteerTheTerminal) {
  TopView view;
  auto evil = answer(1, 1);
  evil.at("environments").at(0).as_object()["runtime"] = "a\x1b[2Jb";
  ASSERT_TRUE(view.take(std::move(evil), at(0)));
  EXPECT_THAT(joined(view.lines({})), HasSubstr("a [2Jb"));
}

TEST(TopView, AnAnswerOfSomethingElseIsRefused) {
  TopView view;
  EXPECT_EQ(view.take(boost::json::parse(R"({"functions":[]})"), at(0)).error().code(),
            Errc::corrupt);
  EXPECT_FALSE(view.has_answer());
  EXPECT_TRUE(view.lines({}).empty());
}

}  // namespace
}  // namespace proa::cli
