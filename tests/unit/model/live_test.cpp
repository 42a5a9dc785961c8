#include "model/live.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

using std::chrono::milliseconds;

EnvironmentView environment(std::string id, Phase phase, milliseconds in_phase) {
  EnvironmentView view;
  view.id = std::move(id);
  view.phase = phase;
  view.in_phase = in_phase;
  return view;
}

FunctionView function(std::string name, std::uint64_t running) {
  FunctionView view;
  view.account_id = "1";
  view.name = std::move(name);
  view.running = running;
  return view;
}

TEST(Live, CallsThatRunComeFirstTheLongestAtTheTop) {
  LiveView view;
  view.environments = {environment("frozen", Phase::frozen, milliseconds(10)),
                       environment("short", Phase::busy, milliseconds(5)),
                       environment("parked", Phase::parked, milliseconds(1)),
                       environment("stuck", Phase::init, milliseconds(9000))};
  view.functions = {function("quiet", 0), function("busy", 3), function("also", 3)};
  keep_most_telling(view, 3);
  ASSERT_EQ(view.environments.size(), 3U);
  EXPECT_EQ(view.environments[0].id, "stuck");
  EXPECT_EQ(view.environments[1].id, "short");
  EXPECT_EQ(view.environments[2].id, "parked") << "what changed last says more";
  EXPECT_EQ(view.environments_in_all, 4U);
  EXPECT_EQ(view.functions[0].name, "also");
  EXPECT_EQ(view.functions[1].name, "busy");
  EXPECT_EQ(view.functions_in_all, 3U);
}

TEST(Live, PartsOfAFunctionBecomeOneRow) {
  FunctionView first = function("f", 2);
  first.calls = 10;
  first.failures = 1;
  first.throttled = 4;
  first.duration = milliseconds(7);
  FunctionView second = function("f", 2);
  second.calls = 5;
  second.waiting = 1;
  second.refused = 3;
  second.cold_starts = 2;
  second.duration = milliseconds(1);
  FunctionView foreign = function("f", 9);
  foreign.account_id = "2";
  const auto rows = merged({second, foreign, first});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].running, 2U) << "counted for all parts together";
  EXPECT_EQ(rows[0].calls, 15U);
  EXPECT_EQ(rows[0].failures, 1U);
  EXPECT_EQ(rows[0].waiting, 1U);
  EXPECT_EQ(rows[0].throttled, 4U);
  EXPECT_EQ(rows[0].refused, 3U);
  EXPECT_EQ(rows[0].cold_starts, 2U);
  EXPECT_EQ(rows[0].duration, milliseconds(8));
  EXPECT_EQ(rows[1].running, 9U);
}

TEST(Live, PhasesHaveNames) {
  EXPECT_EQ(to_string(Phase::init), "init");
  EXPECT_EQ(to_string(Phase::frozen), "frozen");
}

}  // namespace
}  // namespace proa::model
