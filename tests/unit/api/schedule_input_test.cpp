#include "api/schedule_input.h"

#include "unit/api/exchanges.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::api {
namespace {

Result<schedule::Definition> decode(std::string_view text) {
  Problems problems;
  const auto body = boost::json::parse(boost::json::string_view(text.data(), text.size()));
  auto decoded = decode_schedule(body.as_object(), Fields(body.as_object(), problems), kScope);
  if (problems.mismatch_text()) return Error(Errc::invalid, *problems.mismatch_text());
  return decoded;
}

/// The text of a refusal, of a body that has a function and a time besides.
std::string refusal(const std::string& members) {
  const auto decoded = decode(R"j({"function":"f","expression":"rate(1 day)",)j" + members + "}");
  return decoded ? "" : decoded.error().message();
}

TEST(ScheduleInput, WhatIsNotSaidHasADefault) {
  const auto said = decode(R"j({"function":"f:live","expression":"rate(1 day)","end":null})j");
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_EQ(said.value().function.qualifier, "live");
  EXPECT_EQ(said.value().zone.name(), "UTC");
  EXPECT_EQ(said.value().input, "");
  EXPECT_TRUE(said.value().is_enabled);
  EXPECT_EQ(said.value().missed, schedule::MissedPolicy::skip);
  EXPECT_FALSE(said.value().start || said.value().end);
}

// Schedules refuses it, but of a schedule that has it already.
TEST(ScheduleInput, AZoneThatIsNotThereKeepsItsName) {
  const auto said = decode(R"j({"function":"f","expression":"rate(1 day)","timezone":"Mars"})j");
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_EQ(said.value().zone.name(), "Mars");
  EXPECT_FALSE(said.value().zone.is_known());
}

TEST(ScheduleInput, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal(R"("cron":"1")"), "There is no member 'cron' in this request");
  EXPECT_EQ(refusal(R"("enabled":"yes")"), "The value of 'enabled' is not true or false");
  EXPECT_EQ(refusal(R"("missed":"run-all")"), "'missed' is 'run-all'; it must be skip or run-once");
  EXPECT_TRUE(refusal(R"("input":"{")").starts_with("'input' is not JSON: "));
  EXPECT_EQ(refusal(R"("input":")" + std::string(262145, '1') + "\""),
            "'input' has 262145 bytes; 262144 is the limit");
  EXPECT_EQ(refusal(R"("description":")" + std::string(513, 'd') + "\""),
            "'description' is longer than 512 bytes");
  EXPECT_TRUE(refusal(R"("start":"soon")").starts_with("'start': 'soon' is no time"));
  EXPECT_EQ(decode(R"j({"expression":"rate(1 day)"})j").error().message(),
            "'function' is missing: the function that runs");
  EXPECT_EQ(decode(R"({"function":"f"})").error().message(),
            "'expression' is missing: when it runs, as rate(5 minutes)");
}

TEST(ScheduleInput, NamesAreEventBridges) {
  for (const char* name : {"a", "Nightly-Report_2.0"}) {
    EXPECT_TRUE(decode_schedule_name(name, kScope)) << name;
  }
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a/b"),
                                  std::string("\xC3\xA4"), std::string(65, 'a')}) {
    EXPECT_EQ(decode_schedule_name(name, kScope).error().code(), Errc::invalid) << name;
  }
}

}  // namespace
}  // namespace proa::api
