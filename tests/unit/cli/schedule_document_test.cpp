#include "cli/schedule_document.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

namespace json = boost::json;

TEST(ScheduleDocument, AnAnswerBecomesARequestThatSaysTheSame) {
  const auto answer = json::parse(
      R"({"name":"n","function_arn":"arn","expression":"e","timezone":"UTC","enabled":false,
          "missed":"skip","runs":7,"next_run":null,"revision":4,"description":"d"})");
  EXPECT_EQ(to_request(answer),
            json::parse(R"({"function":"arn","expression":"e","timezone":"UTC","enabled":false,
                            "missed":"skip","revision":4,"description":"d"})"));
}

TEST(ScheduleDocument, EmptyWordsTakeAway) {
  json::object body = json::parse(R"({"input":"1","start":"s","end":"e"})").as_object();
  ScheduleWords words;
  words.input = "";
  words.start = "";
  words.end = "2027-01-01T00:00:00";
  ASSERT_TRUE(apply(words, body));
  EXPECT_EQ(json::serialize(body), R"({"end":"2027-01-01T00:00:00"})");
}

TEST(ScheduleDocument, OddAnswersAreNoCrash) {
  EXPECT_NE(schedule_text(json::parse("[]")).find("last run      none"), std::string::npos);
  Screen screen;
  EXPECT_EQ(schedule_table(screen, json::parse(R"([{"last_run":7,"missed_runs":"x"}])").as_array()),
            schedule_table(screen, json::parse("[{}]").as_array()));
}

}  // namespace
}  // namespace proa::cli
