#include "logs/filter_reader.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

namespace proa::logs {
namespace {

std::string regex_defect(std::string_view text) {
  PatternReader reader(text);
  const auto regex = reader.take_regex();
  return regex ? std::string("(none)") : regex.error().message();
}

TEST(PatternReader, TakesWhatIsNext) {
  PatternReader reader("  EXISTS EXISTSX a b");
  EXPECT_FALSE(reader.take("EXISTS"));
  reader.skip_spaces();
  EXPECT_TRUE(reader.take_keyword("EXISTS"));
  reader.skip_spaces();
  EXPECT_FALSE(reader.take_keyword("EXISTS"));
  EXPECT_EQ(reader.take_until([](std::string_view rest) { return rest.front() == ' '; }),
            "EXISTSX");
  EXPECT_TRUE(reader.is_space());
  EXPECT_TRUE(reader.is_next(" a b"));
  EXPECT_TRUE(reader.take(" a b"));
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(reader.error("more was expected").message(),
            "Invalid filter pattern: more was expected at its end");
}

TEST(PatternReader, QuotesEndAtTheirSecondMark) {
  PatternReader reader(R"("a \" \\" rest)");
  const auto quoted = reader.take_quoted();
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted.value(), R"(a \" \\)");
  EXPECT_EQ(unescaped(quoted.value()), R"(a " \)");
  EXPECT_TRUE(reader.is_next(" rest"));
  PatternReader open(R"("a \")");
  EXPECT_EQ(open.take_quoted().error().message(),
            R"(Invalid filter pattern: a quotation mark has no second one at '"a \"')");
}

TEST(PatternReader, KnowsTheOperatorsOfAwsAndNoOthers) {
  EXPECT_EQ(regex_defect(R"(%^[a-z]{2,3}\d\x41\.?|b+c*.$%)"), "(none)");
  EXPECT_NE(regex_defect("%a!%").find("'!' is not supported in a regular expression"),
            std::string::npos);
  EXPECT_NE(regex_defect("%(a)%").find("'(' is not supported"), std::string::npos);
  EXPECT_NE(regex_defect(R"(%\(a%)").find(R"('\(' is not supported)"), std::string::npos);
  EXPECT_NE(regex_defect(R"(%\bword%)").find(R"('\b' is not supported)"), std::string::npos);
  EXPECT_NE(regex_defect("%caf\xC3\xA9%").find("is not supported"), std::string::npos);
  for (const char* text : {"%a{3,%", "%a{%", "%a{}%", "%a{x}%", "%a{,3}%", "%a{1,2,3}%"}) {
    EXPECT_NE(regex_defect(text).find("begins no {m,n}"), std::string::npos) << text;
  }
  EXPECT_EQ(regex_defect("%a{3}b{3,}[{]%"), "(none)");
  EXPECT_NE(regex_defect("%[abc%").find("the regular expression is wrong"), std::string::npos);
  EXPECT_NE(regex_defect("%%").find("a regular expression is empty"), std::string::npos);
  EXPECT_NE(regex_defect("%abc").find("a '%' has no second one"), std::string::npos);
  EXPECT_NE(regex_defect("%a{1000}{1000}%").find("the regular expression is wrong"),
            std::string::npos);
}

TEST(PatternReader, APatternHasTwoRegularExpressionsAtMost) {
  PatternReader reader("%a%%b%%c%");
  EXPECT_TRUE(reader.take_regex());
  const auto second = reader.take_regex();
  ASSERT_TRUE(second);
  EXPECT_TRUE(has_match("xbx", *second.value()));
  EXPECT_FALSE(has_match("xax", *second.value()));
  EXPECT_EQ(reader.take_regex().error().message(),
            "Invalid filter pattern: more than 2 regular expressions at '%c%'");
}

TEST(PatternReader, FindsParts) {
  EXPECT_EQ(find_part("abc", "c"), 2U);
  EXPECT_EQ(find_part("abc", ""), 0U);
  EXPECT_EQ(find_part("", ""), 0U);
  EXPECT_EQ(find_part("abc", "d"), std::string_view::npos);
}

}  // namespace
}  // namespace proa::logs
