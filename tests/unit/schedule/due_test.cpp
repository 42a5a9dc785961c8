#include "schedule/due.h"

#include <gtest/gtest.h>

namespace proa::schedule {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const calendar::Zone kUtc;
const WallTime kNoon = kUtc.first({2026, 11, 26, 12, 0, 0}).value();
constexpr milliseconds kLate{60'000};

Definition definition(std::string_view expression) {
  return {{"000000000000", "us-east-1", "f", std::nullopt},
          calendar::Expression::parse(expression).value()};
}

TEST(Due, ARateBeginsAtOnceOrAtItsStart) {
  auto said = definition("rate(5 minutes)");
  EXPECT_EQ(next_due(said, begin_of(said, kNoon)), kNoon);
  said.start = kNoon + hours(1);
  EXPECT_EQ(next_due(said, begin_of(said, kNoon)), kNoon + hours(1));
  said.start = kNoon - hours(1);
  EXPECT_EQ(next_due(said, begin_of(said, kNoon)), kNoon);
}

TEST(Due, ACronBeginsBehindTheMomentThatItWasMade) {
  auto said = definition("cron(0 * * * ? *)");
  EXPECT_EQ(next_due(said, begin_of(said, kNoon)), kNoon + hours(1));
  said.start = kNoon + hours(3);
  EXPECT_EQ(next_due(said, begin_of(said, kNoon)), kNoon + hours(3));
  said.end = kNoon + hours(3);
  EXPECT_EQ(next_due(said, begin_of(said, kNoon)), kNoon + hours(3));
  said.end = kNoon + hours(3) - seconds(1);
  EXPECT_EQ(next_due(said, begin_of(said, kNoon)), std::nullopt);
}

TEST(Due, WhatIsInTimeRuns) {
  const auto said = definition("cron(0 * * * ? *)");
  const auto progress = begin_of(said, kNoon);
  EXPECT_FALSE(what_is_due(said, progress, kNoon + minutes(59), kLate).run);
  for (const int late_s : {0, 1, 60}) {
    const Due due = what_is_due(said, progress, kNoon + hours(1) + seconds(late_s), kLate);
    EXPECT_EQ(due.run, kNoon + hours(1));
    EXPECT_EQ(due.missed, 0U);
    EXPECT_EQ(due.through, progress.through);
  }
}

TEST(Due, WhatIsTooLateIsMissed) {
  const auto said = definition("cron(0 * * * ? *)");
  const Due due = what_is_due(said, begin_of(said, kNoon), kNoon + hours(3) + seconds(61), kLate);
  EXPECT_FALSE(due.run);
  EXPECT_EQ(due.missed, 3U);
  EXPECT_EQ(due.times, (std::vector{kNoon + hours(3), kNoon + hours(2), kNoon + hours(1)}));
  EXPECT_EQ(due.through, kNoon + hours(3));
}

TEST(Due, OfSeveralTheLatestRunsIfItIsInTime) {
  const auto said = definition("rate(1 minute)");
  Progress progress = begin_of(said, kNoon);
  progress.through = kNoon;
  const Due due = what_is_due(said, progress, kNoon + minutes(5) + seconds(1), kLate);
  EXPECT_EQ(due.run, kNoon + minutes(5));
  EXPECT_EQ(due.missed, 4U);
  EXPECT_EQ(due.through, kNoon + minutes(4));
}

TEST(Due, RunOnceBeginsTheLatestHoweverLate) {
  auto said = definition("cron(0 * * * ? *)");
  said.missed = MissedPolicy::run_once;
  const Due due = what_is_due(said, begin_of(said, kNoon), kNoon + hours(3) + minutes(30), kLate);
  EXPECT_EQ(due.run, kNoon + hours(3));
  EXPECT_EQ(due.missed, 2U);
  EXPECT_EQ(due.through, kNoon + hours(2));
}

TEST(Due, ManyMissedRunsAreCountedAndTheLatestTimesKept) {
  const auto cron = definition("cron(* * * * ? *)");
  const Due of_cron =
      what_is_due(cron, begin_of(cron, kNoon), kNoon + hours(24) + seconds(59), milliseconds(1));
  EXPECT_EQ(of_cron.missed, 24U * 60);
  ASSERT_EQ(of_cron.times.size(), kMissedKept);
  EXPECT_EQ(of_cron.times.front(), kNoon + hours(24));
  // Ten years of a rate are no walk of five million steps.
  const auto rate = definition("rate(1 minute)");
  Progress progress = begin_of(rate, kNoon);
  progress.through = kNoon;
  const Due of_rate =
      what_is_due(rate, progress, kNoon + hours(87'600) + seconds(59), milliseconds(1));
  EXPECT_EQ(of_rate.missed, 87'600U * 60);
  EXPECT_EQ(of_rate.times.front(), kNoon + hours(87'600));
  EXPECT_EQ(of_rate.times.back(), kNoon + hours(87'600) - minutes(19));
  EXPECT_EQ(of_rate.through, kNoon + hours(87'600));
}

TEST(Due, AYearOfMissedMinutesIsWalkedInSeveralLooksAndRunsOnce) {
  auto cron = definition("cron(* * * * ? *)");
  cron.missed = MissedPolicy::run_once;
  Progress progress = begin_of(cron, kNoon);
  const WallTime now = kNoon + hours(365 * 24) + seconds(30);
  std::uint64_t missed = 0;
  std::size_t looks = 0;
  for (Due due = what_is_due(cron, progress, now, kLate);;
       due = what_is_due(cron, progress, now, kLate)) {
    ++looks;
    missed += due.missed;
    progress.through = due.through;
    if (!due.run) continue;
    EXPECT_EQ(due.run, kNoon + hours(365 * 24));
    break;
  }
  EXPECT_EQ(missed, 365U * 24 * 60 - 1);
  EXPECT_EQ(looks, 6U);
}

TEST(Due, NothingIsMissedBehindTheEnd) {
  auto said = definition("rate(1 hour)");
  said.end = kNoon + hours(2);
  const Due due = what_is_due(said, begin_of(said, kNoon), kNoon + hours(500), kLate);
  EXPECT_EQ(due.missed, 3U);
  Progress progress = begin_of(said, kNoon);
  progress.through = due.through;
  EXPECT_EQ(next_due(said, progress), std::nullopt);
}

TEST(Due, AClockThatWasSetBackRepeatsNothing) {
  const auto cron = definition("cron(0 * * * ? *)");
  Progress progress = begin_of(cron, kNoon);
  progress.through = kNoon + hours(3);
  EXPECT_FALSE(adjust_to_clock(cron, progress, kNoon));
  EXPECT_EQ(next_due(cron, progress), kNoon + hours(4));
}

TEST(Due, ARateGoesOnOneIntervalBehindTheJump) {
  const auto rate = definition("rate(5 minutes)");
  Progress progress = begin_of(rate, kNoon);
  progress.through = kNoon + hours(3);
  progress.last_run = schedule::Run{kNoon + hours(3), kNoon + hours(3), "r"};
  EXPECT_TRUE(adjust_to_clock(rate, progress, kNoon));
  EXPECT_EQ(next_due(rate, progress), kNoon + minutes(5));
  EXPECT_FALSE(adjust_to_clock(rate, progress, kNoon));
}

TEST(Due, ARateThatWaitsForItsStartWaitsOn) {
  auto rate = definition("rate(5 minutes)");
  rate.start = kNoon + hours(9);
  Progress progress = begin_of(rate, kNoon);
  EXPECT_FALSE(adjust_to_clock(rate, progress, kNoon - hours(1)));
  EXPECT_EQ(next_due(rate, progress), kNoon + hours(9));
}

TEST(Due, AClockThatWasYearsAheadWasWrong) {
  const auto cron = definition("cron(0 * * * ? *)");
  Progress progress = begin_of(cron, kNoon);
  progress.through = kNoon + hours(50'000);
  EXPECT_TRUE(adjust_to_clock(cron, progress, kNoon));
  EXPECT_EQ(next_due(cron, progress), kNoon + hours(1));
  // What comes once has come.
  const auto once = definition("at(2030-01-01T00:00:00)");
  Progress done = begin_of(once, kNoon);
  done.through = kNoon + hours(50'000);
  EXPECT_FALSE(adjust_to_clock(once, done, kNoon));
  EXPECT_EQ(next_due(once, done), std::nullopt);
}

std::string refusal(const Definition& said) {
  const auto result = check_comes(said, begin_of(said, kNoon), kNoon);
  return result ? "" : result.error().message();
}

TEST(Due, WhatNeverComesIsRefused) {
  EXPECT_EQ(refusal(definition("cron(0 0 30 2 ? *)")), "cron(0 0 30 2 ? *) never comes");
  EXPECT_EQ(refusal(definition("at(2026-11-26T12:00:00)")),
            "at(2026-11-26T12:00:00) lies in the past: in UTC it is 2026-11-26T12:00:00");
  auto gap = definition("at(2027-03-28T02:30:00)");
  gap.zone = calendar::Zone::find("Europe/Berlin").value();
  EXPECT_EQ(refusal(gap), "2027-03-28T02:30:00 is a time that clocks of Europe/Berlin leave out");
  auto bounded = definition("cron(0 0 1 * ? *)");
  bounded.end = kNoon + hours(1);
  EXPECT_EQ(refusal(bounded), "cron(0 0 1 * ? *) never comes between its start and end");
  bounded.start = kNoon + hours(1);
  EXPECT_NE(refusal(bounded).find("is not behind its start, 2026-11-26T13:00:00+00:00 (UTC)"),
            std::string::npos);
  EXPECT_EQ(refusal(definition("rate(1 day)")), "");
}

}  // namespace
}  // namespace proa::schedule
