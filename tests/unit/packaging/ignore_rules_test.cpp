#include "packaging/ignore_rules.h"

#include <gtest/gtest.h>

namespace proa::packaging {
namespace {

bool ignores(std::string_view rules, std::string_view path, bool is_folder = false) {
  IgnoreRules all;
  all.add(rules);
  return all.ignores(path, is_folder);
}

TEST(IgnoreRules, ANameIsIgnoredEverywhere) {
  EXPECT_TRUE(ignores("*.log", "a.log"));
  EXPECT_TRUE(ignores("*.log", "deep/er/a.log"));
  EXPECT_FALSE(ignores("*.log", "a.logs"));
  EXPECT_FALSE(ignores("*.log", "log"));
  EXPECT_TRUE(ignores("?.[ch]", "a/x.c"));
  EXPECT_FALSE(ignores("?.[!ch]", "x.c"));
  EXPECT_TRUE(ignores("?.[a-d]", "x.b"));
}

TEST(IgnoreRules, ASlashMakesItThePathFromTheTop) {
  EXPECT_TRUE(ignores("/build", "build", true));
  EXPECT_FALSE(ignores("/build", "a/build", true));
  EXPECT_TRUE(ignores("a/*.txt", "a/x.txt"));
  EXPECT_FALSE(ignores("a/*.txt", "a/b/x.txt"));
  EXPECT_TRUE(ignores("a/**/x.txt", "a/x.txt"));
  EXPECT_TRUE(ignores("a/**/x.txt", "a/b/c/x.txt"));
  EXPECT_TRUE(ignores("**/x", "x"));
}

TEST(IgnoreRules, ASlashAtTheEndMeansFolders) {
  EXPECT_TRUE(ignores("tests/", "tests", true));
  EXPECT_FALSE(ignores("tests/", "tests", false));
}

TEST(IgnoreRules, TheLastRuleDecides) {
  EXPECT_FALSE(ignores("*.txt\n!keep.txt", "keep.txt"));
  EXPECT_TRUE(ignores("!keep.txt\n*.txt", "keep.txt"));
  EXPECT_FALSE(ignores("# *.txt\n\n", "a.txt"));
  EXPECT_TRUE(ignores("a.txt \r\n", "a.txt"));
  EXPECT_TRUE(ignores("\\#a", "#a"));
}

TEST(IgnoreRules, SomeNeedNoRule) {
  auto rules = IgnoreRules::defaults();
  EXPECT_TRUE(rules.ignores(".git", true));
  EXPECT_TRUE(rules.ignores("lib/__pycache__", true));
  EXPECT_TRUE(rules.ignores(".proaignore", false));
  EXPECT_FALSE(rules.ignores("node_modules", true));
  rules.add("!__pycache__/");
  EXPECT_FALSE(rules.ignores("lib/__pycache__", true));
}

TEST(IgnoreRules, ManyStarsTakeNoTime) {
  const std::string stars = std::string(200, '*') + "x";
  EXPECT_FALSE(matches_glob(stars, std::string(1000, 'a')));
  std::string pairs;
  for (int i = 0; i < 100; ++i) pairs += "a*";
  EXPECT_FALSE(matches_glob(pairs + "b", std::string(1000, 'a')));
}

}  // namespace
}  // namespace proa::packaging
