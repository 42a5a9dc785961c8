#include "logs/filter_condition.h"

#include <gtest/gtest.h>

namespace proa::logs {
namespace {

bool ends(std::string_view rest) { return rest.front() == ' '; }

bool holds(std::string_view comparison, std::string_view text) {
  PatternReader reader(comparison);
  const auto read = Comparison::read(reader, ends);
  EXPECT_TRUE(read) << comparison;
  return read && read.value().holds(text, number_of(text));
}

std::string comparison_defect(std::string_view comparison) {
  PatternReader reader(comparison);
  const auto read = Comparison::read(reader, ends);
  return read ? std::string("(none)") : read.error().message();
}

TEST(Comparison, NumbersAreComparedAsNumbers) {
  EXPECT_TRUE(holds("= 400", "400.0"));
  EXPECT_TRUE(holds("= 1e+3", "1000"));
  EXPECT_FALSE(holds("!= 400", "4e2"));
  EXPECT_TRUE(holds("> 75", "75.5"));
  EXPECT_FALSE(holds("> 75", "75"));
  EXPECT_TRUE(holds(">=-1", "-1"));
  EXPECT_TRUE(holds("< 5", "4"));
  EXPECT_TRUE(holds("<= 5", "5"));
  EXPECT_FALSE(holds("< 5", "word"));
  EXPECT_FALSE(holds("= 9007199254740993", "9007199254740992"));
}

TEST(Comparison, TextsAreComparedWhole) {
  EXPECT_TRUE(holds("= ERROR", "ERROR"));
  EXPECT_FALSE(holds("= ERROR", "ERRORS"));
  EXPECT_TRUE(holds("!= ERROR", "ERRORS"));
  EXPECT_TRUE(holds(R"(= "a \"b\"")", R"(a "b")"));
  EXPECT_TRUE(holds(R"(= "")", ""));
  EXPECT_TRUE(holds(R"(= "3")", "3"));
}

TEST(Comparison, AsterisksStandForAnything) {
  EXPECT_TRUE(holds("= 4*", "404"));
  EXPECT_TRUE(holds("= *.html*", "GET /index.html HTTP/1.0"));
  EXPECT_TRUE(holds("= a*b*c", "a-b-b-c"));
  EXPECT_FALSE(holds("= a*b*c", "a-c"));
  EXPECT_FALSE(holds("= ab*ba", "aba"));
  EXPECT_TRUE(holds("= *", ""));
  EXPECT_TRUE(holds(R"(= "a\*b")", "a*b"));
  EXPECT_FALSE(holds(R"(= "a\*b")", "axb"));
}

TEST(Comparison, RegularExpressionsMatchAPiece) {
  EXPECT_TRUE(holds("= %Trail%", "UpdateTrail"));
  EXPECT_FALSE(holds("!= %Trail%", "UpdateTrail"));
}

TEST(Comparison, SaysWhatIsWrong) {
  EXPECT_NE(
      comparison_defect("== 1").find("an operator (=, !=, <, <=, >, >=) was expected at '== 1'"),
      std::string::npos);
  EXPECT_NE(comparison_defect("=").find("a value was expected"), std::string::npos);
  EXPECT_NE(comparison_defect("> Alpha").find("'Alpha' is compared by size and is no number"),
            std::string::npos);
}

TEST(NumberOf, TakesNumbersAlone) {
  EXPECT_EQ(number_of("-1.5e2"), -150.0);
  EXPECT_EQ(number_of("+2"), 2.0);
  for (const char* text : {"", "-", "1a", "inf", "nan", "0x10", "1e999", "+-1", " 1"}) {
    EXPECT_FALSE(number_of(text)) << text;
  }
}

/// An expression of the words T and F.
std::string value_of(std::string_view text) {
  PatternReader reader(text);
  const LeafReader read_leaf = [](PatternReader& at) -> Result<std::size_t> {
    if (at.take("T")) return std::size_t{1};
    if (at.take("F")) return std::size_t{0};
    return at.error("T or F was expected");
  };
  const auto expression = read_expression(reader, read_leaf);
  if (!expression) return expression.error().message();
  if (!reader.at_end()) return "more";
  return expression.value().holds([](std::size_t leaf) { return leaf == 1; }) ? "T" : "F";
}

TEST(Expression, AndBindsCloserThanOr) {
  EXPECT_EQ(value_of("T || F && F"), "T");
  EXPECT_EQ(value_of("(T || F) && F"), "F");
  EXPECT_EQ(value_of("F&&T||T"), "T");
  EXPECT_EQ(value_of(" ( ( T ) ) "), "T");
  EXPECT_EQ(value_of("T && T && F"), "F");
}

TEST(Expression, SaysWhatIsWrong) {
  EXPECT_EQ(value_of("(T"), "Invalid filter pattern: a '(' has no ')' at its end");
  EXPECT_EQ(value_of("T &&"), "Invalid filter pattern: T or F was expected at its end");
  EXPECT_EQ(value_of("T T"), "more");
  const std::string deep(65, '(');
  EXPECT_NE(value_of(deep).find("parentheses more than 64 deep"), std::string::npos);
}

}  // namespace
}  // namespace proa::logs
