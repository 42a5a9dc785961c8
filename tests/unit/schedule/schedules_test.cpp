#include "unit/schedule/schedule_fixture.h"

namespace proa::schedule {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SchedulesTest : public ScheduleFixture {
 protected:
  std::string refusal(std::string name, Definition said, Errc code) {
    const auto made = run(schedules_->create(name_of(std::move(name)), std::move(said)));
    EXPECT_FALSE(made);
    if (made) return {};
    EXPECT_EQ(made.error().code(), code) << made.error().message();
    return made.error().message();
  }
};

TEST_F(SchedulesTest, WhatWasSaidOutlivesTheDaemon) {
  auto said = definition("cron(0 9 * * ? *)", "Europe/Berlin");
  said.input = "[1]";
  said.missed = MissedPolicy::run_once;
  const auto made = create("nightly", said);
  EXPECT_EQ(made.state, State::active);
  open();
  const auto found = view("nightly");
  EXPECT_EQ(found.schedule->definition.input, "[1]");
  EXPECT_EQ(found.schedule->definition.zone.name(), "Europe/Berlin");
  EXPECT_EQ(found.schedule->definition.missed, MissedPolicy::run_once);
  EXPECT_EQ(found.next, made.next);
  EXPECT_EQ(found.schedule->name.arn(),
            "arn:aws:scheduler:us-east-1:000000000000:schedule/default/nightly");
}

TEST_F(SchedulesTest, ADeletedScheduleIsGoneForGood) {
  create("a", definition("rate(1 day)"));
  ASSERT_TRUE(run(schedules_->remove(name_of("a"))));
  EXPECT_EQ(schedules_->find(name_of("a")).error().code(), Errc::not_found);
  EXPECT_EQ(run(schedules_->remove(name_of("a"))).error().code(), Errc::not_found);
  open();
  EXPECT_EQ(schedules_->find(name_of("a")).error().code(), Errc::not_found);
  look();
  EXPECT_TRUE(queue_.events.empty());
}

TEST_F(SchedulesTest, ANameIsTakenOnce) {
  create("a", definition("rate(1 day)"));
  EXPECT_EQ(refusal("a", definition("rate(1 day)"), Errc::conflict), "Schedule a already exists.");
}

TEST_F(SchedulesTest, TheFunctionMustBeThere) {
  auto said = definition("rate(1 day)");
  said.function.name = "g";
  EXPECT_EQ(refusal("a", said, Errc::not_found),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g");
  said.function.name = "f";
  said.function.qualifier = "7";
  refusal("a", said, Errc::not_found);
}

TEST_F(SchedulesTest, WhatNeverComesIsRefused) {
  refusal("a", definition("at(2020-01-01T00:00:00)"), Errc::invalid);
  refusal("a", definition("cron(0 0 30 2 ? *)"), Errc::invalid);
  EXPECT_EQ(schedules_->counts().schedules, 0U);
}

TEST_F(SchedulesTest, AnAccountHasRoomForSoMany) {
  options_.schedules_max = 2;
  open();
  create("a", definition("rate(1 day)"));
  create("b", definition("rate(1 day)"));
  refusal("c", definition("rate(1 day)"), Errc::throttled);
  ASSERT_TRUE(put("b", definition("rate(2 days)")));
  EXPECT_EQ(put("c", definition("rate(1 day)")).error().code(), Errc::throttled);
}

TEST_F(SchedulesTest, AStaleRevisionChangesNothing) {
  create("a", definition("rate(1 day)"));
  const auto first = put("a", definition("rate(2 days)"), 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(first.value().schedule->revision, 2U);
  EXPECT_EQ(put("a", definition("rate(3 days)"), 1).error().code(), Errc::precondition);
  EXPECT_EQ(put("none", definition("rate(3 days)"), 1).error().code(), Errc::precondition);
  EXPECT_EQ(view("a").schedule->definition.expression.text(), "rate(2 days)");
}

TEST_F(SchedulesTest, ANewTimeBeginsAnewAndAnythingElseDoesNot) {
  create("a", definition("rate(1 hour)"));
  look();
  ASSERT_EQ(queue_.events.size(), 1U);
  const auto next = view("a").next;
  pass(minutes(10));
  auto said = definition("rate(1 hour)");
  said.input = "2";
  ASSERT_TRUE(put("a", said));
  EXPECT_EQ(view("a").next, next);
  said.expression = calendar::Expression::parse("rate(2 hours)").value();
  ASSERT_TRUE(put("a", said));
  EXPECT_EQ(view("a").next, now());
  EXPECT_EQ(progress("a").runs, 1U);
}

TEST_F(SchedulesTest, WhatWasDueWhileDisabledIsNotMissed) {
  auto said = definition("cron(0 * * * ? *)");
  create("a", said);
  said.is_enabled = false;
  ASSERT_TRUE(put("a", said));
  EXPECT_EQ(view("a").state, State::disabled);
  EXPECT_EQ(view("a").next, std::nullopt);
  pass(hours(5));
  look();
  said.is_enabled = true;
  ASSERT_TRUE(put("a", said));
  look();
  EXPECT_TRUE(queue_.events.empty());
  EXPECT_EQ(progress("a").missed, 0U);
  EXPECT_EQ(view("a").next, now() + hours(1));
}

TEST_F(SchedulesTest, AScheduleWhoseFunctionIsGoneSaysSoAndCanBeDisabled) {
  auto said = definition("rate(1 hour)");
  create("a", said);
  catalog_.records.clear();
  EXPECT_EQ(view("a").state, State::no_function);
  said.is_enabled = false;
  ASSERT_TRUE(put("a", said));
  EXPECT_EQ(view("a").state, State::disabled);
}

TEST_F(SchedulesTest, AZoneThatIsGoneStopsItsSchedulesOnly) {
  create("cron", definition("cron(0 9 * * ? *)", "Europe/Berlin"));
  create("rate", definition("rate(1 hour)", "Europe/Berlin"));
  create("other", definition("cron(0 9 * * ? *)"));
  for (auto& [key, value] : store_.map.buckets["schedules"]) {
    if (key.ends_with("/other")) continue;
    value.replace(value.find("Europe/Berlin"), 13, "Europe/Gone");
  }
  open();
  EXPECT_EQ(view("cron").state, State::no_zone);
  EXPECT_EQ(view("cron").next, std::nullopt);
  EXPECT_EQ(view("rate").state, State::active) << "rates need no zone";
  EXPECT_EQ(view("other").state, State::active);
  pass(hours(48));
  look();
  EXPECT_EQ(progress("cron").runs, 0U);
  EXPECT_EQ(progress("cron").missed, 0U);
  EXPECT_GT(progress("rate").runs, 0U);
  EXPECT_EQ(progress("other").runs, 0U) << "late by more than a minute";
  EXPECT_GT(progress("other").missed, 0U);
  auto said = view("cron").schedule->definition;
  said.is_enabled = false;
  ASSERT_TRUE(put("cron", said)) << "who has lost a zone can disable its schedule";
  EXPECT_EQ(view("cron").state, State::disabled);
  said.zone = calendar::Zone::unknown("Europe/Nowhere");
  EXPECT_NE(put("cron", said).error().message().find("Europe/Nowhere"), std::string::npos);
  ASSERT_TRUE(put("cron", definition("cron(0 9 * * ? *)", "Europe/Paris")));
  EXPECT_EQ(view("cron").state, State::active);
}

TEST_F(SchedulesTest, ListsThoseOfOneAccountAndRegionPageByPage) {
  for (const char* name : {"b", "a", "c"}) create(name, definition("rate(1 day)"));
  const auto names = [&](const std::string& region, const std::string& after, std::size_t max) {
    std::string text;
    for (const auto& each : schedules_->list({"000000000000", region}, after, max)) {
      text += each.schedule->name.name;
    }
    return text;
  };
  EXPECT_EQ(names("us-east-1", "", 10), "abc");
  EXPECT_EQ(names("us-east-1", "", 2), "ab");
  EXPECT_EQ(names("us-east-1", "b", 2), "c");
  EXPECT_EQ(names("us-east-2", "", 2), "");
  EXPECT_EQ(names("us-east-0", "", 2), "");
}

TEST_F(SchedulesTest, AFullDiskChangesNothing) {
  create("a", definition("rate(1 day)"));
  store_.map.is_full = true;
  EXPECT_EQ(put("a", definition("rate(2 days)")).error().code(), Errc::exhausted);
  EXPECT_EQ(run(schedules_->remove(name_of("a"))).error().code(), Errc::exhausted);
  EXPECT_EQ(view("a").schedule->definition.expression.text(), "rate(1 day)");
}

TEST_F(SchedulesTest, ARecordThatCannotBeReadIsNamed) {
  create("a", definition("rate(1 day)"));
  store_.map.buckets["schedule_progress"].clear();
  const auto made = Schedules::open({store_, queue_, catalog_, pool_, clock_, {}}, options_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Errc::corrupt);
  EXPECT_NE(made.error().message().find("000000000000/us-east-1/a"), std::string::npos);
}

TEST_F(SchedulesTest, ARunByHandIsBesidesThoseThatAreDue) {
  create("a", definition("cron(0 * * * ? *)"));
  const auto next = view("a").next;
  const auto first = run(schedules_->run_now(name_of("a")));
  const auto second = run(schedules_->run_now(name_of("a")));
  ASSERT_TRUE(first && second);
  ASSERT_EQ(queue_.events.size(), 2U);
  EXPECT_EQ(queue_.events[0].request_id, first.value());
  EXPECT_NE(first.value(), second.value());
  EXPECT_EQ(view("a").next, next);
  EXPECT_EQ(progress("a").runs, 0U);
  EXPECT_EQ(run(schedules_->run_now(name_of("b"))).error().code(), Errc::not_found);
  queue_.error = Error(Errc::not_found, "Function not found: f");
  EXPECT_EQ(run(schedules_->run_now(name_of("a"))).error().message(), "Function not found: f");
}

}  // namespace
}  // namespace proa::schedule
