#include "model/logging_config.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

TEST(LoggingConfig, WordsAreLambdas) {
  for (const std::string_view word : {"Text", "JSON"}) {
    const auto format = parse_log_format(word);
    ASSERT_TRUE(format) << word;
    EXPECT_EQ(to_string(*format), word);
  }
  for (const std::string_view word : {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}) {
    const auto level = parse_log_level(word);
    ASSERT_TRUE(level) << word;
    EXPECT_EQ(to_string(*level), word);
  }
  EXPECT_EQ(to_string(LogFormat::json), "JSON");
  EXPECT_EQ(to_string(LogLevel::warn), "WARN");
  for (const std::string_view word : {"", "json", "TEXT", "INFO ", "warn"}) {
    EXPECT_FALSE(parse_log_format(word)) << word;
    EXPECT_FALSE(parse_log_level(word)) << word;
  }
}

TEST(LoggingConfig, LevelsAscend) {
  EXPECT_LT(LogLevel::trace, LogLevel::debug);
  EXPECT_LT(LogLevel::warn, LogLevel::error);
  EXPECT_LT(LogLevel::error, LogLevel::fatal);
}

TEST(LoggingConfig, TheSystemHasThreeLevels) {
  EXPECT_FALSE(is_system_level(LogLevel::trace));
  EXPECT_TRUE(is_system_level(LogLevel::debug));
  EXPECT_TRUE(is_system_level(LogLevel::info));
  EXPECT_TRUE(is_system_level(LogLevel::warn));
  EXPECT_FALSE(is_system_level(LogLevel::error));
}

TEST(LoggingConfig, GroupsHaveNamesOfLambdasPattern) {
  EXPECT_TRUE(is_log_group("/aws/lambda/f"));
  EXPECT_TRUE(is_log_group("a.B-c_9#/"));
  EXPECT_TRUE(is_log_group(std::string(512, 'a')));
  EXPECT_FALSE(is_log_group(std::string(513, 'a')));
  for (const std::string_view name : {"", "a b", "a:b", "caf\xc3\xa9", "a\n"}) {
    EXPECT_FALSE(is_log_group(name)) << name;
  }
}

LoggingConfig applied(const LoggingChange& change, const LoggingConfig& before) {
  const auto after = change.applied_to(before);
  EXPECT_TRUE(after) << after.error().message();
  return after ? after.value() : LoggingConfig();
}

const LoggingConfig kJson = {LogFormat::json, LogLevel::fatal, LogLevel::warn, "/mine"};

TEST(LoggingChange, KeepsWhatItDoesNotName) {
  EXPECT_EQ(applied(LoggingChange(), kJson), kJson);
  LoggingChange change;
  change.group = "/other";
  EXPECT_EQ(applied(change, kJson),
            (LoggingConfig{LogFormat::json, LogLevel::fatal, LogLevel::warn, "/other"}));
  change = LoggingChange();
  change.application_level = LogLevel::trace;
  EXPECT_EQ(applied(change, kJson),
            (LoggingConfig{LogFormat::json, LogLevel::trace, LogLevel::warn, "/mine"}));
  change = LoggingChange();
  change.system_level = LogLevel::debug;
  EXPECT_EQ(applied(change, kJson),
            (LoggingConfig{LogFormat::json, LogLevel::fatal, LogLevel::debug, "/mine"}));
}

TEST(LoggingChange, ThatNamesJsonSetsBothLevels) {
  LoggingChange change;
  change.format = LogFormat::json;
  const LoggingConfig info = {LogFormat::json, LogLevel::info, LogLevel::info, "/mine"};
  EXPECT_EQ(applied(change, kJson), info);
  EXPECT_EQ(applied(change, {LogFormat::text, LogLevel::info, LogLevel::info, "/mine"}), info);
  change.application_level = LogLevel::error;
  EXPECT_EQ(applied(change, kJson),
            (LoggingConfig{LogFormat::json, LogLevel::error, LogLevel::info, "/mine"}));
}

TEST(LoggingChange, ToTextLosesTheLevels) {
  LoggingChange change;
  change.format = LogFormat::text;
  EXPECT_EQ(applied(change, kJson),
            (LoggingConfig{LogFormat::text, LogLevel::info, LogLevel::info, "/mine"}));
}

TEST(LoggingChange, CannotSetALevelWithText) {
  LoggingChange change;
  change.system_level = LogLevel::warn;
  EXPECT_FALSE(change.applied_to(LoggingConfig()));
  change.format = LogFormat::text;
  const auto refused = change.applied_to(kJson);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_EQ(
      refused.error().message(),
      "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your "
      "request or change the LogFormat to \"Json\" and try again.");
}

}  // namespace
}  // namespace proa::model
