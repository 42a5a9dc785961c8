#include "schedule/event.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace proa::schedule {
namespace {

const WallTime kDue = calendar::Zone().first({2026, 11, 26, 12, 0, 0}).value();

Schedule every_minute(std::string input = {}) {
  Definition said{{"000000000000", "us-east-1", "f", std::nullopt},
                  calendar::Expression::parse("rate(1 minute)").value()};
  said.input = std::move(input);
  return {{"000000000000", "us-east-1", "nightly"}, std::move(said), kDue, kDue, 1, {}};
}

TEST(ScheduleEvent, WithoutInputItIsEventBridges) {
  const auto event = boost::json::parse(payload_of(every_minute(), kDue, "id-1"));
  EXPECT_EQ(event, boost::json::parse(R"({
      "version": "0", "id": "id-1", "detail-type": "Scheduled Event", "source": "aws.scheduler",
      "account": "000000000000", "time": "2026-11-26T12:00:00Z", "region": "us-east-1",
      "resources": ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/nightly"],
      "detail": "{}"})"));
}

TEST(ScheduleEvent, AnInputGoesAsItIsButForEventBridgesWords) {
  EXPECT_EQ(payload_of(every_minute(R"({"a": [1, 2]})"), kDue, "id-1"), R"({"a": [1, 2]})");
  EXPECT_EQ(
      payload_of(every_minute(R"(["<aws.scheduler.schedule-arn>",)"
                              R"( "at <aws.scheduler.scheduled-time>",)"
                              R"( "<aws.scheduler.execution-id><aws.scheduler.execution-id>",)"
                              R"( "<aws.scheduler.attempt-number>", "<aws.scheduler.other>"])"),
                 kDue, "id-1"),
      R"(["arn:aws:scheduler:us-east-1:000000000000:schedule/default/nightly",)"
      R"( "at 2026-11-26T12:00:00Z", "id-1id-1", "1", "<aws.scheduler.other>"])");
}

TEST(ScheduleEvent, TheSameRunHasTheSameIdAndNoOtherHasIt) {
  const std::string id = request_id_of(every_minute(), kDue);
  EXPECT_EQ(id, request_id_of(every_minute("{}"), kDue));
  EXPECT_TRUE(std::regex_match(
      id, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")))
      << id;
  auto other_name = every_minute();
  other_name.name.name = "daily";
  auto made_again = every_minute();
  made_again.created += std::chrono::milliseconds(1);
  const std::set<std::string> ids{id, request_id_of(other_name, kDue),
                                  request_id_of(made_again, kDue),
                                  request_id_of(every_minute(), kDue + std::chrono::seconds(1))};
  EXPECT_EQ(ids.size(), 4U);
}

}  // namespace
}  // namespace proa::schedule
