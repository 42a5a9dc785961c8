#include "otlp/otlp.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::otlp {
namespace {

namespace json = boost::json;

LogRecord record(const std::string& function, const std::string& text) {
  LogRecord out;
  out.time = WallTime(std::chrono::milliseconds(100'250));
  out.account_id = "000000000000";
  out.region = "us-east-1";
  out.log_group = "/aws/lambda/" + function;
  out.log_stream = "2026/11/26/[$LATEST]e";
  out.function = function;
  out.version = "$LATEST";
  out.environment_id = "e";
  out.request_id = "a-request";
  out.trace_id = "0af7651916cd43dd8448eb211c80319c";
  out.span_id = "00f067aa0ba902b7";
  out.text = text;
  return out;
}

json::value parse(const std::vector<LogRecord>& records) {
  Identity identity;
  identity.version = "1.2.3";
  identity.host_name = "a-host";
  return json::parse(logs_body(records, identity, WallTime(std::chrono::seconds(101))));
}

TEST(LogsBody, ARecordIsALineWithItsTimesLevelAndCall) {
  LogRecord one = record("f", "it \"says\"\n\xC3\xA4");
  one.level = model::LogLevel::error;
  const json::value body = parse({one});
  const json::value& scoped = body.at("resourceLogs").at(0).at("scopeLogs").at(0);
  EXPECT_EQ(scoped.at("scope"), json::parse(R"({"name": "proa", "version": "1.2.3"})"));
  EXPECT_EQ(scoped.at("logRecords"), json::parse(R"([{
      "timeUnixNano": "100250000000", "observedTimeUnixNano": "101000000000",
      "severityNumber": 17, "severityText": "ERROR",
      "body": {"stringValue": "it \"says\"\nä"},
      "attributes": [{"key": "faas.invocation_id", "value": {"stringValue": "a-request"}},
                     {"key": "proa.log.source", "value": {"stringValue": "function"}}],
      "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "00f067aa0ba902b7"}])"));
}

TEST(LogsBody, WhatIsNotKnownIsLeftOut) {
  LogRecord one = record("", "INIT_START");
  one.request_id.clear();
  one.trace_id.clear();
  one.is_platform = true;
  const json::value body = parse({one});
  const json::value& log = body.at("resourceLogs").at(0).at("scopeLogs").at(0).at("logRecords");
  EXPECT_EQ(log.at(0), json::parse(R"({
      "timeUnixNano": "100250000000", "observedTimeUnixNano": "101000000000",
      "body": {"stringValue": "INIT_START"},
      "attributes": [{"key": "proa.log.source", "value": {"stringValue": "platform"}}]})"));
  const std::string resource = json::serialize(body.at("resourceLogs").at(0).at("resource"));
  EXPECT_EQ(resource.find("faas.name"), resource.npos);
}

TEST(LogsBody, TheLevelsAreTheLowestOfTheirRanges) {
  const std::vector<std::pair<model::LogLevel, int>> levels{
      {model::LogLevel::trace, 1}, {model::LogLevel::debug, 5},  {model::LogLevel::info, 9},
      {model::LogLevel::warn, 13}, {model::LogLevel::error, 17}, {model::LogLevel::fatal, 21}};
  for (const auto& [level, number] : levels) {
    LogRecord one = record("f", "x");
    one.level = level;
    const json::value body = parse({one});
    const json::value& log = body.at("resourceLogs").at(0).at("scopeLogs").at(0).at("logRecords");
    EXPECT_EQ(log.at(0).at("severityNumber"), number);
  }
}

TEST(LogsBody, LinesOfOneEnvironmentShareAResourceThatNamesGroupAndStream) {
  const json::value body = parse({record("f", "1"), record("g", "2"), record("f", "3")});
  const auto& resources = body.at("resourceLogs").as_array();
  ASSERT_EQ(resources.size(), 2U);
  EXPECT_EQ(resources[0].at("scopeLogs").at(0).at("logRecords").as_array().size(), 2U);
  EXPECT_EQ(resources[1].at("scopeLogs").at(0).at("logRecords").as_array().size(), 1U);
  const std::string about = json::serialize(resources[0].at("resource"));
  EXPECT_NE(about.find(R"({"key":"aws.log.group.names","value":{"arrayValue":{"values":)"
                       R"([{"stringValue":"/aws/lambda/f"}]}}})"),
            about.npos)
      << about;
  EXPECT_NE(about.find(R"({"key":"faas.name","value":{"stringValue":"f"}})"), about.npos) << about;
}

}  // namespace
}  // namespace proa::otlp
