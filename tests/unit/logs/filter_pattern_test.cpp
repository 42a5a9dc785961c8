#include "unit/logs/filter_cases.h"

namespace proa::logs {
namespace {

TEST(FilterPattern, TheFirstCharacterTellsTheKind) {
  EXPECT_TRUE(takes("ERROR", "an ERROR"));
  EXPECT_TRUE(takes(R"({ $.a = 1 })", R"({"a":1})"));
  EXPECT_FALSE(takes(R"({ $.a = 1 })", R"(a=1)"));
  EXPECT_TRUE(takes("  [level = ERROR, rest] ", "ERROR it broke"));
  EXPECT_FALSE(takes("[level = ERROR, rest]", "WARN it bent"));
}

TEST(FilterPattern, NothingAndSpacesAreEverything) {
  for (const char* pattern : {"", "   ", "[]", "\t"}) {
    EXPECT_TRUE(FilterPattern::compile(pattern).value().is_everything()) << pattern;
    EXPECT_TRUE(takes(pattern, "anything"));
    EXPECT_TRUE(takes(pattern, ""));
  }
  EXPECT_FALSE(FilterPattern::compile("a").value().is_everything());
}

TEST(FilterPattern, ANewlineAtTheEndDoesNotCount) {
  EXPECT_TRUE(takes("%cat$%", "the cat\n"));
  EXPECT_TRUE(takes("[a = x]", "x\n"));
}

TEST(FilterPattern, SaysWhatIsWrong) {
  EXPECT_EQ(defect("{ $.a = 1"), "If a filter pattern starts with '{' it must end with '}'");
  EXPECT_EQ(defect("{"), "If a filter pattern starts with '{' it must end with '}'");
  EXPECT_EQ(defect("[a, b"), "If a filter pattern starts with '[' it must end with ']'");
  EXPECT_EQ(defect(std::string(1025, 'a')), "Invalid filter pattern: it is longer than 1024 bytes");
  EXPECT_EQ(defect(std::string("a\0b", 3)), "Invalid filter pattern: it has a NUL byte");
}

TEST(FilterPattern, CopiesOutliveTheFirst) {
  auto compiled = FilterPattern::compile("a");
  const FilterPattern copy = compiled.value();
  compiled = FilterPattern::compile("b");
  EXPECT_TRUE(copy.matches("a"));
  EXPECT_FALSE(copy.matches("b"));
}

}  // namespace
}  // namespace proa::logs
