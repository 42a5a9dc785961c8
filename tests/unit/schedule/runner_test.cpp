#include "unit/schedule/schedule_fixture.h"

#include <future>
#include <set>
#include <thread>

namespace proa::schedule {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RunnerTest : public ScheduleFixture {
 protected:
  std::set<std::string> ids() const {
    std::set<std::string> ids;
    for (const auto& event : queue_.events) ids.insert(event.request_id);
    return ids;
  }
};

TEST_F(RunnerTest, ARunIsAnEventForTheFunction) {
  create("nightly", definition("cron(0 * * * ? *)"));
  pass(minutes(59));
  look();
  EXPECT_TRUE(queue_.events.empty());
  pass(minutes(1));
  look();
  look();
  ASSERT_EQ(queue_.events.size(), 1U);
  const auto& event = queue_.events[0];
  EXPECT_EQ(event.function, "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_NE(event.payload.find("\"time\":\"2025-01-01T01:00:00Z\""), std::string::npos);
  EXPECT_NE(event.payload.find(event.request_id), std::string::npos);
  EXPECT_TRUE(event.trace_id.starts_with("Root=1-")) << event.trace_id;
  const Progress come = progress("nightly");
  ASSERT_TRUE(come.last_run);
  EXPECT_EQ(come.last_run->request_id, event.request_id);
  EXPECT_EQ(come.last_run->due, now());
  EXPECT_EQ(come.runs, 1U);
  EXPECT_EQ(view("nightly").next, now() + hours(1));
  EXPECT_EQ(schedules_->counts().runs, 1U);
}

TEST_F(RunnerTest, ANewRateRunsAtOnce) {
  create("a", definition("rate(1 hour)"));
  look();
  EXPECT_EQ(queue_.events.size(), 1U);
  EXPECT_EQ(view("a").next, now() + hours(1));
}

TEST_F(RunnerTest, WhatComesOnceIsEndedThenAndStays) {
  create("a", definition("at(2025-01-01T00:00:30)"));
  pass(seconds(31));
  look();
  EXPECT_EQ(queue_.events.size(), 1U);
  EXPECT_EQ(view("a").state, State::ended);
  open();
  look();
  EXPECT_EQ(queue_.events.size(), 1U);
  EXPECT_EQ(view("a").state, State::ended);
}

TEST_F(RunnerTest, AStartOfTheDaemonWithinAMinuteLosesNothing) {
  create("a", definition("cron(0 * * * ? *)"));
  pass(hours(1) + seconds(59));
  open();
  look();
  EXPECT_EQ(queue_.events.size(), 1U);
  EXPECT_EQ(progress("a").missed, 0U);
}

TEST_F(RunnerTest, WhatWasDueWhileTheDaemonWasDownIsMissedAndTold) {
  create("a", definition("cron(0 * * * ? *)"));
  const WallTime midnight = now();
  pass(hours(3) + minutes(5));
  open();
  look();
  EXPECT_TRUE(queue_.events.empty());
  EXPECT_EQ(progress("a").missed, 3U);
  EXPECT_EQ(progress("a").missed_times,
            (std::vector{midnight + hours(3), midnight + hours(2), midnight + hours(1)}));
  EXPECT_EQ(schedules_->counts().missed, 3U);
  open();
  look();
  EXPECT_EQ(progress("a").missed, 3U);
  EXPECT_EQ(schedules_->counts().missed, 0U);
}

TEST_F(RunnerTest, RunOnceMakesUpForThemWithOneRun) {
  auto said = definition("cron(0 * * * ? *)");
  said.missed = MissedPolicy::run_once;
  create("a", said);
  pass(hours(3) + minutes(5));
  open();
  look();
  ASSERT_EQ(queue_.events.size(), 1U);
  EXPECT_NE(queue_.events[0].payload.find("T03:00:00Z"), std::string::npos);
  EXPECT_EQ(progress("a").missed, 2U);
}

TEST_F(RunnerTest, ARunThatACrashCutOffIsQueuedAgainWithTheSameId) {
  create("a", definition("cron(0 * * * ? *)"));
  pass(hours(1));
  // What the disk holds while the event is on its way, and before its end is stored.
  decltype(store_.map.buckets) at_crash;
  queue_.on_accept = [&] { at_crash = store_.map.buckets; };
  look();
  ASSERT_EQ(queue_.events.size(), 1U);
  store_.map.buckets = at_crash;
  pass(hours(48) + minutes(30));  // also when the daemon was down for long
  open();
  look();
  ASSERT_EQ(queue_.events.size(), 2U);
  EXPECT_EQ(ids().size(), 1U);
  EXPECT_EQ(progress("a").missed, 48U);
  EXPECT_EQ(progress("a").runs, 1U);
}

TEST_F(RunnerTest, ACrashBehindTheEndOfARunRepeatsNothing) {
  create("a", definition("cron(0 * * * ? *)"));
  pass(hours(1));
  look();
  open();
  look();
  EXPECT_EQ(queue_.events.size(), 1U);
}

TEST_F(RunnerTest, AFunctionThatIsGoneFailsEachRunAndIsTriedAtTheNext) {
  create("a", definition("cron(0 * * * ? *)"));
  queue_.error = Error(Errc::not_found, "Function not found: f");
  pass(hours(1));
  look();
  look();
  EXPECT_EQ(progress("a").failed, 1U);
  EXPECT_EQ(progress("a").failure->reason, "Function not found: f");
  EXPECT_EQ(view("a").state, State::failing);
  EXPECT_EQ(schedules_->counts().failed, 1U);
  pass(hours(1));
  queue_.error.reset();
  look();
  EXPECT_EQ(queue_.events.size(), 1U);
  EXPECT_EQ(view("a").state, State::active);
}

TEST_F(RunnerTest, AQueueThatIsFullForAMomentGetsTheRunLater) {
  create("a", definition("cron(0 * * * ? *)"));
  queue_.error = Error(Errc::exhausted, "disk full");
  pass(hours(1));
  look();
  EXPECT_EQ(view("a").state, State::failing);
  EXPECT_EQ(progress("a").failed, 0U);
  queue_.error.reset();
  look();
  EXPECT_TRUE(queue_.events.empty());  // not at once: the queue has trouble
  pass(seconds(5));
  look();
  ASSERT_EQ(queue_.events.size(), 1U);
  EXPECT_NE(queue_.events[0].payload.find("T01:00:00Z"), std::string::npos);
  EXPECT_EQ(view("a").state, State::active);
}

TEST_F(RunnerTest, AQueueThatIsFullForLongMakesRunsMissed) {
  create("a", definition("cron(0 * * * ? *)"));
  queue_.error = Error(Errc::exhausted, "disk full");
  pass(hours(1));
  look();
  pass(seconds(61));
  look();
  EXPECT_EQ(progress("a").missed, 1U);
  EXPECT_TRUE(queue_.events.empty());
}

TEST_F(RunnerTest, WhatCannotBeStoredIsNotQueued) {
  create("a", definition("cron(0 * * * ? *)"));
  pass(hours(1));
  store_.map.is_full = true;
  look();
  EXPECT_TRUE(queue_.events.empty());
  store_.map.is_full = false;
  pass(seconds(5));
  look();
  EXPECT_EQ(queue_.events.size(), 1U);
}

TEST_F(RunnerTest, AClockThatIsSetBackRunsNothingTwice) {
  create("cron", definition("cron(0 * * * ? *)"));
  create("rate", definition("rate(1 hour)"));
  look();
  pass(hours(1));
  look();
  ASSERT_EQ(queue_.events.size(), 3U);
  clock_.advance(-minutes(30));
  look();
  pass(minutes(30));
  look();
  EXPECT_EQ(queue_.events.size(), 3U);
  EXPECT_EQ(view("cron").next, now() + hours(1));
  EXPECT_EQ(view("rate").next, now() + minutes(30));
  pass(minutes(30));
  look();
  pass(minutes(30));
  look();
  EXPECT_EQ(queue_.events.size(), 5U);
  EXPECT_EQ(ids().size(), 5U);
}

TEST_F(RunnerTest, AClockThatJumpsForwardsMissesWhatLiesBetween) {
  create("a", definition("cron(0 * * * ? *)"));
  look();
  pass(hours(2) + minutes(30));
  look();
  EXPECT_TRUE(queue_.events.empty());
  EXPECT_EQ(progress("a").missed, 2U);
}

TEST_F(RunnerTest, AScheduleThatChangesWhileItsRunIsOnItsWayKeepsTheChange) {
  create("a", definition("cron(0 * * * ? *)"));
  pass(hours(1));
  std::future<void> changing;
  queue_.on_accept = [&] {
    queue_.on_accept = nullptr;
    // Waits on the strand that runs us: it comes before the run is settled, or behind it.
    changing = std::async(std::launch::async,
                          [&] { ASSERT_TRUE(put("a", definition("cron(30 * * * ? *)"))); });
  };
  look();
  changing.get();
  EXPECT_EQ(queue_.events.size(), 1U);
  EXPECT_EQ(view("a").next, now() + minutes(30));
  EXPECT_EQ(progress("a").intended, std::nullopt);
}

TEST_F(RunnerTest, ManyThatAreDueTogetherShareTheirSyncs) {
  options_.schedules_max = 2000;
  open();
  for (int i = 0; i < 1000; ++i) {
    create("s" + std::to_string(i), definition("cron(0 * * * ? *)"));
  }
  const std::size_t batches = store_.batches;
  pass(hours(1));
  look();
  EXPECT_EQ(queue_.events.size(), 1000U);
  EXPECT_EQ(ids().size(), 1000U);
  EXPECT_EQ(store_.batches - batches, 8U);
}

TEST_F(RunnerTest, TheLoopWakesForWhatIsDueAndForWhatIsNew) {
  ASSERT_TRUE(run(schedules_->start()));
  std::promise<void> come;
  queue_.on_accept = [&] { come.set_value(); };
  create("a", definition("rate(1 hour)"));
  EXPECT_EQ(come.get_future().wait_for(seconds(60)), std::future_status::ready);
  ASSERT_TRUE(run(schedules_->close()));
  EXPECT_EQ(queue_.events.size(), 1U);
}

}  // namespace
}  // namespace proa::schedule
