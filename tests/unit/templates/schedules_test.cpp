#include "templates/templates.h"

#include <gtest/gtest.h>

namespace proa::templates {
namespace {

Template sam(const std::string& events) {
  const auto read_back = read_template(R"(Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: app.handler
      Events:
)" + events,
                                       {});
  EXPECT_TRUE(read_back) << read_back.error().message();
  return read_back.value();
}

Result<Template> serverless(const std::string& events) {
  return read_template(
      "service: s\nprovider: {name: aws, runtime: python3.11}\nfunctions:\n  f:\n"
      "    handler: a.b\n    events:\n" +
          events,
      {});
}

std::string refusal(const Result<Template>& read_back) {
  return read_back ? "" : read_back.error().message();
}

TEST(Schedules, SamHasTwoKinds) {
  const auto read_back = sam(R"(        Old:
          Type: Schedule
          Properties:
            Schedule: rate(5 minutes)
            Input: '{"a": 1}'
            Enabled: false
        New:
          Type: ScheduleV2
          Properties:
            Name: !Sub '${AWS::StackName}-new'
            ScheduleExpression: cron(0 9 ? * MON-FRI *)
            ScheduleExpressionTimezone: Europe/Berlin
            Description: d
            StartDate: '2026-12-01T00:00:00Z'
            EndDate: '2027-12-01T00:00:00Z'
            State: ENABLED
            FlexibleTimeWindow: {Mode: 'OFF'}
)");
  EXPECT_TRUE(read_back.problems.empty()) << read_back.problems[0].text;
  const auto& schedules = read_back.functions.at(0).schedules;
  ASSERT_EQ(schedules.size(), 2U);
  EXPECT_EQ(schedules[0].name, "Hello-Old");
  EXPECT_EQ(schedules[0].expression, "rate(5 minutes)");
  EXPECT_EQ(schedules[0].timezone, "UTC");
  EXPECT_EQ(schedules[0].input, R"({"a": 1})");
  EXPECT_FALSE(schedules[0].is_enabled);
  EXPECT_EQ(schedules[1].name, "proa-new");
  EXPECT_EQ(schedules[1].timezone, "Europe/Berlin");
  EXPECT_EQ(schedules[1].start, "2026-12-01T00:00:00Z");
  EXPECT_TRUE(schedules[1].is_enabled);
}

TEST(Schedules, OtherEventsAreProblemsAndNeedNotBeUnderstood) {
  const auto read_back = sam(R"(        Web:
          Type: Api
          Properties: {RestApiId: !Ref NotInTheFile}
        Night:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: rate(1 day)
            FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 5}
            RetryPolicy: {MaximumRetryAttempts: 1}
)");
  std::vector<std::string> texts;
  for (const auto& problem : read_back.problems) texts.push_back(problem.text);
  EXPECT_EQ(texts, (std::vector<std::string>{"Hello: Events: Web of type Api",
                                             "Hello-Night: FlexibleTimeWindow",
                                             "Hello: Events: Night: RetryPolicy"}));
  EXPECT_EQ(read_back.functions.at(0).schedules.size(), 1U);
}

TEST(Schedules, ServerlessHasTextsAndMaps) {
  const auto read_back = serverless(R"(      - schedule: rate(10 minutes)
      - schedule:
          name: named
          rate: ['cron(0 12 * * ? *)', rate(2 hours)]
          timezone: America/New_York
          enabled: false
          method: scheduler
          input: {text: a, quoted: '1', number: 1, part: 1.5, yes: true, list: [~]}
)");
  ASSERT_TRUE(read_back) << read_back.error().message();
  EXPECT_TRUE(read_back.value().problems.empty()) << read_back.value().problems[0].text;
  const auto& schedules = read_back.value().functions.at(0).schedules;
  ASSERT_EQ(schedules.size(), 3U);
  EXPECT_EQ(schedules[0].name, "s-dev-f-schedule");
  EXPECT_TRUE(schedules[0].is_enabled);
  EXPECT_EQ(schedules[1].name, "named");
  EXPECT_EQ(schedules[2].name, "named-2");
  EXPECT_EQ(schedules[2].expression, "rate(2 hours)");
  EXPECT_FALSE(schedules[2].is_enabled);
  EXPECT_EQ(schedules[2].input,
            R"({"text":"a","quoted":"1","number":1,"part":1.5E0,"yes":true,"list":[null]})");
}

TEST(Schedules, WhatIsWrongIsRefusedWithItsLine) {
  EXPECT_EQ(refusal(serverless("      - schedule: rate(10 weeks)\n")),
            "line 7: The unit of the rate, 'weeks', is none of minute, minutes, hour, hours, day "
            "and days");
  EXPECT_NE(refusal(serverless("      - schedule: {rate: rate(1 day), timezone: Mars}\n"))
                .find("line 7: There is no time zone 'Mars'"),
            std::string::npos);
  EXPECT_NE(refusal(serverless("      - schedule: {rate: rate(1 day), input: '{'}\n"))
                .find("the input of a schedule must be JSON"),
            std::string::npos);
  EXPECT_NE(refusal(serverless("      - schedule: {enabled: true}\n")).find("has no rate"),
            std::string::npos);
}

}  // namespace
}  // namespace proa::templates
