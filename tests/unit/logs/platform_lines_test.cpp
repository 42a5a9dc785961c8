#include "logs/platform_lines.h"

#include "unit/logs/logs_fixture.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::logs {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Strings = std::vector<std::string>;

const std::string kId = "ab000000-0000-0000-0000-000000000001";

PlatformLines lines(bool is_json, model::LogLevel level = model::LogLevel::info) {
  return {is_json, level, WallTime(milliseconds(1'735'732'800'123)), request_id(1), "$LATEST"};
}

/// The types of the events, of which each is one object with time and record.
Strings types_of(const Strings& messages) {
  Strings out;
  for (const std::string& message : messages) {
    const auto event = boost::json::parse(message).as_object();
    EXPECT_EQ(event.at("time").as_string(), "2025-01-01T12:00:00.123Z");
    EXPECT_TRUE(event.at("record").is_object());
    out.emplace_back(event.at("type").as_string());
  }
  return out;
}

TEST(PlatformLines, TextIsLambdas) {
  CallRecord record = call_record(microseconds(2350));
  record.max_memory_used = Bytes(30'000'000);
  EXPECT_EQ(lines(false).init_began("python3.11.2"),
            Strings{"INIT_START Runtime Version: python3.11.2\n"});
  EXPECT_EQ(lines(false).call_began("Root=1"),
            Strings{"START RequestId: " + kId + " Version: $LATEST\n"});
  EXPECT_EQ(lines(false).call_ended(record),
            (Strings{"END RequestId: " + kId + "\n",
                     "REPORT RequestId: " + kId +
                         "\tDuration: 2.35 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax "
                         "Memory Used: 29 MB\t\n"}));
  record.init_duration = microseconds(100'400);
  EXPECT_EQ(lines(false).call_ended(record)[1],
            "REPORT RequestId: " + kId +
                "\tDuration: 2.35 ms\tBilled Duration: 103 ms\tMemory Size: 128 MB\tMax Memory "
                "Used: 29 MB\tInit Duration: 100.40 ms\t\n");
}

TEST(PlatformLines, TextTellsWhyThePlatformEndedACallAndNotWhyTheFunctionDid) {
  CallRecord record = call_record();
  record.status = CallStatus::timeout;
  record.error_type = "Sandbox.Timedout";
  record.error_message = "Task timed out after 3.00 seconds";
  auto timeout = lines(false).call_ended(record);
  ASSERT_EQ(timeout.size(), 3U);
  EXPECT_EQ(timeout[0], "2025-01-01T12:00:00.123Z " + kId + " Task timed out after 3.00 seconds\n");
  EXPECT_TRUE(timeout[2].ends_with("\tStatus: timeout\t\n")) << timeout[2];
  record.status = CallStatus::error;
  record.error_type = "Runtime.ExitError";
  record.error_message = "Runtime exited with error: exit status 1";
  const auto error = lines(false).call_ended(record);
  ASSERT_EQ(error.size(), 3U);
  EXPECT_EQ(error[0], "RequestId: " + kId +
                          " Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n");
  EXPECT_TRUE(error[2].ends_with("\tStatus: error\tError Type: Runtime.ExitError\t\n"));
  record.status = CallStatus::failure;
  const auto failure = lines(false).call_ended(record);
  EXPECT_EQ(failure.size(), 2U);
  EXPECT_EQ(failure[1].find("Status:"), std::string::npos);
}

TEST(PlatformLines, AnInitThatFailedIsReported) {
  const FailedInit init{milliseconds(10'000), "init", "timeout", ""};
  EXPECT_EQ(lines(false).init_failed(init),
            Strings{"INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout\n"});
  const auto json = lines(true, model::LogLevel::warn).init_failed(init);
  EXPECT_EQ(types_of(json), Strings{"platform.initReport"});
  const auto record = boost::json::parse(json[0]).at("record");
  EXPECT_EQ(record.at("metrics").at("durationMs").to_number<double>(), 10'000.0);
  EXPECT_EQ(record.at("status").as_string(), "timeout");
}

TEST(PlatformLines, JsonHasTheLevelsOfLambda) {
  using model::LogLevel;
  const CallRecord good = call_record();
  CallRecord bad = good;
  bad.status = CallStatus::failure;
  EXPECT_EQ(types_of(lines(true).call_began("")), Strings{"platform.start"});
  EXPECT_EQ(types_of(lines(true).init_began("p")), Strings{"platform.initStart"});
  EXPECT_EQ(types_of(lines(true, LogLevel::debug).call_ended(good)),
            (Strings{"platform.runtimeDone", "platform.report"}));
  EXPECT_EQ(types_of(lines(true).call_ended(good)), Strings{"platform.report"});
  EXPECT_TRUE(lines(true, LogLevel::warn).call_ended(good).empty());
  EXPECT_TRUE(lines(true, LogLevel::warn).call_began("").empty());
  EXPECT_TRUE(lines(true, LogLevel::warn).init_began("p").empty());
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warn}) {
    EXPECT_EQ(types_of(lines(true, level).call_ended(bad)),
              (Strings{"platform.runtimeDone", "platform.report"}));
  }
}

TEST(PlatformLines, JsonTellsWhatTextDoes) {
  CallRecord record = call_record(microseconds(2350));
  record.init_duration = microseconds(100'400);
  record.status = CallStatus::error;
  record.error_type = "Runtime.ExitError";
  const auto ended = lines(true).call_ended(record);
  const auto report = boost::json::parse(ended.back()).at("record");
  EXPECT_EQ(report.at("requestId").as_string(), kId);
  EXPECT_EQ(report.at("status").as_string(), "error");
  EXPECT_EQ(report.at("errorType").as_string(), "Runtime.ExitError");
  EXPECT_EQ(report.at("tracing").at("value").as_string(), "Root=1-2-3");
  const auto& metrics = report.at("metrics");
  EXPECT_NEAR(metrics.at("durationMs").to_number<double>(), 2.35, 0.011);
  EXPECT_EQ(metrics.at("billedDurationMs").to_number<int>(), 103);
  EXPECT_EQ(metrics.at("memorySizeMB").to_number<int>(), 128);
  EXPECT_EQ(metrics.at("maxMemoryUsedMB").to_number<int>(), 30);
  EXPECT_NEAR(metrics.at("initDurationMs").to_number<double>(), 100.4, 0.001);
  const auto start = boost::json::parse(lines(true).call_began("Root=1")[0]).at("record");
  EXPECT_EQ(start.at("version").as_string(), "$LATEST");
  EXPECT_EQ(start.at("tracing").at("value").as_string(), "Root=1");
}

}  // namespace
}  // namespace proa::logs
