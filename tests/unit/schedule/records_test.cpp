#include "schedule/records.h"

#include <gtest/gtest.h>

namespace proa::schedule {
namespace {

const WallTime kTime = calendar::Zone().first({2026, 11, 26, 12, 0, 0}).value();
constexpr const char* kKey = "000000000000/us-east-1/nightly";

Schedule weekday_mornings() {
  Definition said{{"000000000000", "us-east-1", "f", "live"},
                  calendar::Expression::parse("cron(0 9 ? * MON-FRI *)").value(),
                  calendar::Zone::find("Europe/Berlin").value()};
  said.input = R"({"a":"b\n"})";
  said.description = "d";
  said.is_enabled = false;
  said.missed = MissedPolicy::run_once;
  said.start = kTime;
  said.end = kTime + std::chrono::hours(1);
  return {{"000000000000", "us-east-1", "nightly"},
          std::move(said),
          kTime,
          kTime + std::chrono::milliseconds(1),
          7,
          {}};
}

Progress progress() {
  Progress made{kTime, kTime - std::chrono::milliseconds(1)};
  made.intended = kTime;
  made.last_run = schedule::Run{kTime, kTime + std::chrono::milliseconds(3), "id"};
  made.failure = Failure{kTime, kTime, "Function not found"};
  made.runs = 3;
  made.failed = 2;
  made.missed = 1;
  made.missed_times = {kTime};
  return made;
}

TEST(ScheduleRecords, AScheduleIsReadBackAsItWas) {
  const std::string bytes = encode(weekday_mornings());
  const auto read = decode_schedule(kKey, bytes);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(encode(read.value()), bytes);
  EXPECT_EQ(read.value().definition.function.arn(), weekday_mornings().definition.function.arn());
  EXPECT_EQ(read.value().definition.input, weekday_mornings().definition.input);
  EXPECT_EQ(read.value().definition.missed, MissedPolicy::run_once);
  EXPECT_EQ(read.value().definition.end, weekday_mornings().definition.end);
  EXPECT_EQ(read.value().revision, 7U);
}

// A request's name ends at 170 characters; an ARN with a long name and alias does not.
TEST(ScheduleRecords, AFunctionOfLongNamesIsReadBack) {
  Schedule schedule = weekday_mornings();
  schedule.definition.function.name = std::string(64, 'n');
  schedule.definition.function.qualifier = std::string(128, 'q');
  const std::string bytes = encode(schedule);
  const auto again = decode_schedule(kKey, bytes);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(encode(again.value()), bytes);
}

TEST(ScheduleRecords, ProgressIsReadBackAsItWas) {
  for (const Progress& written : {progress(), Progress{kTime, kTime}}) {
    const auto read = decode_progress(kKey, encode(written));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(encode(read.value()), encode(written));
  }
}

void expect_refused(std::string bytes, std::string_view part, std::string_view by, Errc code) {
  const std::size_t at = bytes.find(part);
  ASSERT_NE(at, std::string::npos) << part;
  bytes.replace(at, part.size(), by);
  std::optional<Error> error;
  if (bytes.find("missed_ms") != std::string::npos) {
    const auto read = decode_progress(kKey, bytes);
    if (!read) error = read.error();
  } else {
    const auto read = decode_schedule(kKey, bytes);
    if (!read) error = read.error();
  }
  ASSERT_TRUE(error) << bytes;
  EXPECT_EQ(error->code(), code) << error->message();
  EXPECT_NE(error->message().find(kKey), std::string::npos) << error->message();
}

TEST(ScheduleRecords, WhatIsNotWholeIsNamed) {
  const std::string said = encode(weekday_mornings());
  expect_refused(said, "\"nightly\"", "\"daily\"", Errc::corrupt);
  expect_refused(said, "cron(0", "cron(x", Errc::corrupt);
  expect_refused(said, "run-once", "run-twice", Errc::corrupt);
  expect_refused(said, ":000000000000:function", ":111111111111:function", Errc::corrupt);
  expect_refused(said, "\"revision\":7", "\"revision\":-7", Errc::corrupt);
  expect_refused(said, "\"format\":1", "\"format\":2", Errc::unsupported);
  expect_refused(said, "{", "", Errc::corrupt);
  const std::string come = encode(progress());
  expect_refused(come, "\"through_ms\":1", "\"through_ms\":\"1\",\"x\":1", Errc::corrupt);
  expect_refused(come, "\"request_id\":\"id\"", "\"request_id\":1", Errc::corrupt);
  expect_refused(come, "\"missed_ms\":[", "\"missed_ms\":[true,", Errc::corrupt);
  expect_refused(come, "\"format\":1", "\"format\":9", Errc::unsupported);
}

}  // namespace
}  // namespace proa::schedule
