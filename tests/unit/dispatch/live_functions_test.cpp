#include "dispatch/live_functions.h"

#include <gtest/gtest.h>

namespace proa::dispatch {
namespace {

CountedFunction counted_of_account(const std::string& account, const std::string& name) {
  CountedFunction one;
  one.account_id = account;
  one.region = "us-east-1";
  one.name = name;
  one.running = 3;
  one.counts.starts[static_cast<std::size_t>(model::Start::cold)] = 2;
  one.counts.starts[static_cast<std::size_t>(model::Start::warm)] = 40;
  one.counts.failures[static_cast<std::size_t>(model::FailureKind::timeout)] = 1;
  one.counts.throttles[static_cast<std::size_t>(Limit::host)] = 5;
  one.counts.refusals[static_cast<std::size_t>(Errc::unavailable)] = 6;
  one.counts.durations.note(std::chrono::milliseconds(7));
  return one;
}

model::FunctionPtr version(const std::string& name) {
  auto function = std::make_shared<model::FunctionVersion>();
  function->account_id = "1";
  function->region = "us-east-1";
  function->name = name;
  return function;
}

TEST(LiveFunctions, CountsAndWaitsAreOneRow) {
  CallCounts counts;
  counts.functions = {counted_of_account("1", "f")};
  const auto rows = live_functions(counts, {{version("f"), 2}, {version("f"), 1}}, std::nullopt);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].name, "f");
  EXPECT_EQ(rows[0].running, 3U);
  EXPECT_EQ(rows[0].waiting, 3U);
  EXPECT_EQ(rows[0].calls, 42U);
  EXPECT_EQ(rows[0].cold_starts, 2U);
  EXPECT_EQ(rows[0].failures, 1U);
  EXPECT_EQ(rows[0].throttled, 5U);
  EXPECT_EQ(rows[0].refused, 6U);
  EXPECT_EQ(rows[0].duration, std::chrono::milliseconds(7));
}

TEST(LiveFunctions, AnotherAccountsAreLeftOut) {
  CallCounts counts;
  counts.functions = {counted_of_account("1", "f"), counted_of_account("2", "g")};
  EXPECT_EQ(live_functions(counts, {}, std::nullopt).size(), 2U);
  const auto rows = live_functions(counts, {{version("f"), 2}}, std::string("2"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].name, "g");
}

}  // namespace
}  // namespace proa::dispatch
