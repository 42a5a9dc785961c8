#include "support/manual_clock.h"
#include "telemetry/telemetry.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::telemetry {
namespace {

class Kept final : public LogSink {
 public:
  void write(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class LoggerTest : public testing::Test {
 protected:
  Kept sink_;
  ManualClock clock_;
  LogOutput output_{sink_, clock_};
  Logger log_{output_, "pool"};
};

TEST_F(LoggerTest, ALineIsOneJsonObjectWithItsFixedMembersFirst) {
  log_.info("started",
            {{"environment_id", "e1"}, {"init_us", 1500}, {"is_warm", false}, {"x", 0.5}});
  ASSERT_EQ(sink_.lines.size(), 1U);
  EXPECT_EQ(sink_.lines[0],
            R"({"ts":"2025-01-01T00:00:00.000Z","level":"info","module":"pool","event":"started",)"
            R"("environment_id":"e1","init_us":1500,"is_warm":false,"x":0.5})");
}

TEST_F(LoggerTest, LevelsBeyondTheOutputsAreLeftOut) {
  log_.debug("detail");
  EXPECT_TRUE(sink_.lines.empty());
  EXPECT_FALSE(log_.is_on(Level::debug));
  output_.most = Level::debug;
  log_.debug("detail");
  EXPECT_EQ(sink_.lines.size(), 1U);
  output_.most = Level::error;
  log_.warn("left_out");
  log_.error("kept");
  EXPECT_EQ(sink_.lines.size(), 2U);
}

TEST_F(LoggerTest, FieldsOfTheLoggerStandInEveryLine) {
  const Logger of_call = log_.with({{"request_id", "r"}}).for_module("environment");
  of_call.warn("late", {{"by_ms", 3}});
  const auto line = boost::json::parse(sink_.lines.at(0)).as_object();
  EXPECT_EQ(line.at("module").as_string(), "environment");
  EXPECT_EQ(line.at("request_id").as_string(), "r");
  EXPECT_EQ(line.at("by_ms").as_int64(), 3);
}

TEST_F(LoggerTest, ForeignTextCannotBreakALine) {
  log_.error("said", {{"text", "a\"b\\\n{\x01 \xff\xc3"}});
  const auto line = boost::json::parse(sink_.lines.at(0)).as_object();
  EXPECT_EQ(line.at("text").as_string(), "a\"b\\\n{\x01 ??");
  EXPECT_EQ(sink_.lines[0].find('\n'), std::string::npos);
}

TEST_F(LoggerTest, OneWithoutOutputSaysNothing) {
  const Logger quiet;
  EXPECT_FALSE(quiet.is_on(Level::error));
  quiet.error("unheard", {{"x", 1}});
}

TEST(LogLevel, NamesGoBothWays) {
  for (const Level level : {Level::error, Level::warn, Level::info, Level::debug}) {
    EXPECT_EQ(parse_level(to_string(level)), level);
  }
  EXPECT_EQ(parse_level("loud"), std::nullopt);
}

}  // namespace
}  // namespace proa::telemetry
