#include "api/log_output.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace proa::api {
namespace {

namespace json = boost::json;

logs::LogEvent event_at(std::int64_t ms, logs::LogPosition position) {
  logs::LogEvent event;
  event.position = position;
  event.time = WallTime(std::chrono::milliseconds(ms));
  event.stream = "2025/01/01/[$LATEST]e";
  event.message = "a line\n";
  return event;
}

TEST(LogOutput, AGroup) {
  const logs::GroupSummary group{"/aws/lambda/f", WallTime(std::chrono::milliseconds(1500)),
                                 Bytes(77)};
  EXPECT_EQ(json::serialize(log_group(group, "000000000000", "us-east-1")),
            R"({"logGroupName":"/aws/lambda/f","creationTime":1500,"metricFilterCount":0,)"
            R"("arn":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*",)"
            R"("logGroupArn":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f",)"
            R"("storedBytes":77,"logGroupClass":"STANDARD"})");
}

TEST(LogOutput, AStream) {
  const logs::StreamSummary stream{"s", WallTime(std::chrono::milliseconds(1)),
                                   WallTime(std::chrono::milliseconds(2))};
  EXPECT_EQ(json::serialize(log_stream(stream, {"000000000000", "us-east-1", "g"})),
            R"({"logStreamName":"s","creationTime":1,"firstEventTimestamp":1,)"
            R"("lastEventTimestamp":2,"lastIngestionTime":2,)"
            R"("arn":"arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s",)"
            R"("storedBytes":0})");
}

TEST(LogOutput, Events) {
  const auto event = event_at(1'700'000'000'123, {3, 40, 1});
  EXPECT_EQ(json::serialize(output_log_event(event)),
            R"({"timestamp":1700000000123,"message":"a line\n","ingestionTime":1700000000123})");
  const auto filtered = filtered_log_event(event);
  EXPECT_EQ(filtered.at("logStreamName"), "2025/01/01/[$LATEST]e");
  EXPECT_EQ(filtered.at("eventId"), "01700000000123000000000000000003000000000000004000000001");
}

TEST(LogOutput, EventIdsAreInTheOrderOfTheEvents) {
  const std::vector<logs::LogEvent> events = {event_at(5, {1, 9, 1}), event_at(5, {1, 9, 2}),
                                              event_at(5, {1, 10, 1}), event_at(5, {2, 0, 1}),
                                              event_at(6, {2, 1, 1})};
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(event_id(events[i]).size(), 56U);
    if (i == 0) continue;
    EXPECT_LT(event_id(events[i - 1]), event_id(events[i]));
  }
}

}  // namespace
}  // namespace proa::api
