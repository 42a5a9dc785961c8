#include "dispatch/event_course.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::dispatch {
namespace {

using std::chrono::seconds;
using Step = Course::Step;

class EventCourseTest : public ::testing::Test {
 protected:
  EventCourseTest() {
    event_.function = {"000000000000", "us-east-1", "f", std::nullopt};
    event_.invocation.request_id = "id-1";
    event_.invocation.payload = R"({"n":1})";
    event_.accepted = now_;
  }

  static Result<model::InvocationResult> answered(const std::string& payload, bool is_error) {
    model::InvocationResult result;
    result.payload = payload;
    result.executed_version = "$LATEST";
    if (is_error) result.function_error = "Unhandled";
    return result;
  }
  Course fail() { return course_after(event_, rules_, answered(R"({"e":1})", true), now_); }

  WallTime now_ = WallTime(std::chrono::milliseconds(1735689600123));  // 2025-01-01
  EventRules rules_;
  Event event_;
};

TEST_F(EventCourseTest, AnAnswerEndsIt) {
  EXPECT_EQ(course_after(event_, rules_, answered("1", false), now_).step, Step::finish);
  EXPECT_EQ(event_.attempts, 0U);
}

TEST_F(EventCourseTest, ErrorsAreRetriedAfterOneMinuteAndTwo) {
  const Course first = fail();
  EXPECT_EQ(first.step, Step::repeat);
  EXPECT_EQ(first.due, now_ + seconds(60));
  const Course second = fail();
  EXPECT_EQ(second.step, Step::repeat);
  EXPECT_EQ(second.due, now_ + seconds(120));
  const Course third = fail();
  EXPECT_EQ(third.step, Step::give_up);
  EXPECT_EQ(third.condition, "RetriesExhausted");
  EXPECT_EQ(event_.attempts, 3U);
}

TEST_F(EventCourseTest, WithoutRetriesTheFirstErrorIsTheLast) {
  rules_.retries_max = 0;
  EXPECT_EQ(fail().step, Step::give_up);
}

TEST_F(EventCourseTest, ARetryWaitsNoLongerThanTheEventsAge) {
  rules_.age_max = seconds(60);
  now_ += seconds(30);
  const Course course = fail();
  EXPECT_EQ(course.step, Step::repeat);
  EXPECT_EQ(course.due, event_.accepted + seconds(60));
  const Course late = course_before(event_, rules_, 0, course.due);
  EXPECT_EQ(late.step, Step::give_up);
  EXPECT_EQ(late.condition, "EventAgeExceeded");
  EXPECT_EQ(course_before(event_, rules_, 0, now_).step, Step::finish);
}

TEST_F(EventCourseTest, WhatDidNotRunWaitsAndCountsNoAttempt) {
  for (const Errc code : {Errc::throttled, Errc::exhausted, Errc::unavailable, Errc::os,
                          Errc::cancelled, Errc::internal}) {
    const Course course = course_after(event_, rules_, Error(code, "full"), now_);
    EXPECT_EQ(course.step, Step::wait) << to_string(code);
    EXPECT_EQ(course.reason, "full");
  }
  EXPECT_EQ(event_.attempts, 0U);
}

TEST_F(EventCourseTest, AFunctionThatMayNotRunAtAllEndsIt) {
  rules_.is_paused = true;
  const Course before = course_before(event_, rules_, 0, now_);
  EXPECT_EQ(before.step, Step::give_up);
  EXPECT_EQ(before.condition, "ZeroReservedConcurrency");
  const Course after = course_after(event_, rules_, Error(Errc::throttled, "full"), now_);
  EXPECT_EQ(after.condition, "ZeroReservedConcurrency");
  EXPECT_EQ(event_.attempts, 0U);
  // It ran before it was paused: its own end counts.
  EXPECT_EQ(course_after(event_, rules_, answered("1", false), now_).step, Step::finish);
}

TEST_F(EventCourseTest, AFunctionThatIsGoneOrCannotRunHereEndsIt) {
  const Course gone = course_after(event_, rules_, Error(Errc::not_found, "gone"), now_);
  EXPECT_EQ(gone.step, Step::give_up);
  EXPECT_EQ(gone.condition, "FunctionNotFound");
  EXPECT_EQ(gone.reason, "gone");
  const Course unable = course_after(event_, rules_, Error(Errc::unsupported, "no ruby"), now_);
  EXPECT_EQ(unable.condition, "Unsupported");
}

TEST_F(EventCourseTest, AnEventThatEndsTheDaemonAgainAndAgainIsGivenUp) {
  EXPECT_EQ(course_before(event_, rules_, kInterruptionsMax - 1, now_).step, Step::finish);
  const Course course = course_before(event_, rules_, kInterruptionsMax, now_);
  EXPECT_EQ(course.step, Step::give_up);
  EXPECT_EQ(course.condition, "Interrupted");
}

TEST_F(EventCourseTest, TheRecordOfADestinationIsThatOfLambda) {
  fail();
  fail();
  fail();
  const std::string record = destination_record(event_, "RetriesExhausted", now_);
  const auto expected = boost::json::parse(R"({
    "version": "1.0", "timestamp": "2025-01-01T00:00:00.123Z",
    "requestContext": {"requestId": "id-1",
      "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
      "condition": "RetriesExhausted", "approximateInvokeCount": 3},
    "requestPayload": {"n": 1},
    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST",
      "functionError": "Unhandled"},
    "responsePayload": {"e": 1}})");
  EXPECT_EQ(boost::json::parse(record), expected) << record;
}

TEST_F(EventCourseTest, TheRecordOfASuccessCountsItsAttempt) {
  (void)course_after(event_, rules_, answered("[1]", false), now_);
  const auto record = boost::json::parse(destination_record(event_, "Success", now_)).as_object();
  EXPECT_EQ(record.at("requestContext").at("approximateInvokeCount").as_int64(), 1);
  EXPECT_FALSE(record.at("responseContext").as_object().contains("functionError"));
  EXPECT_EQ(record.at("responsePayload").as_array().size(), 1U);
}

TEST_F(EventCourseTest, AnEventThatNeverRanHasNoResponse) {
  const auto record =
      boost::json::parse(destination_record(event_, "EventAgeExceeded", now_)).as_object();
  EXPECT_FALSE(record.contains("responseContext"));
  EXPECT_FALSE(record.contains("responsePayload"));
}

TEST_F(EventCourseTest, AnAnswerThatIsNoJsonGoesInAsText) {
  (void)course_after(event_, rules_, answered("plain \"text\"", false), now_);
  const auto record = boost::json::parse(destination_record(event_, "Success", now_));
  EXPECT_EQ(record.at("responsePayload").as_string(), "plain \"text\"");
}

TEST_F(EventCourseTest, ARecordIsNeverLongerThanAnEventMayBe) {
  event_.invocation.payload = "\"" + std::string(1 << 20U, 'a') + "\"";
  (void)course_after(event_, rules_, answered("\"" + std::string(6 << 20U, 'b') + "\"", false),
                     now_);
  const std::string record = destination_record(event_, "Success", now_);
  EXPECT_LE(record.size(), std::size_t{6} << 20U);
  EXPECT_FALSE(boost::json::parse(record).as_object().contains("responsePayload"));
}

}  // namespace
}  // namespace proa::dispatch
