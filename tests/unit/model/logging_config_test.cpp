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

}  // namespace
}  // namespace proa::model
