#include "api/problems.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

TEST(Problems, CountsAndJoinsViolations) {
  Problems problems;
  EXPECT_TRUE(problems.empty());
  problems.violate("x", "role", "be good");
  EXPECT_EQ(problems.text(),
            "1 validation error detected: Value 'x' at 'role' failed to satisfy constraint: Member "
            "must be good");
  problems.missing("code");
  EXPECT_EQ(
      problems.text(),
      "2 validation errors detected: Value 'x' at 'role' failed to satisfy constraint: Member "
      "must be good; Value null at 'code' failed to satisfy constraint: Member must not be "
      "null");
}

TEST(Problems, TheFirstMismatchCounts) {
  Problems problems;
  problems.mismatch("one");
  problems.mismatch("two");
  EXPECT_FALSE(problems.empty());
  EXPECT_EQ(problems.mismatch_text(), "one");
}

TEST(Problems, LengthsAreCountedInCharacters) {
  Problems problems;
  check_length("\xC3\xA9\xC3\xA9", 2, "description", problems);
  EXPECT_TRUE(problems.empty());
  check_length("abc", 2, "description", problems);
  EXPECT_FALSE(problems.empty());
}

TEST(Problems, RangesIncludeTheirEnds) {
  Problems problems;
  check_range(1, 1, 3, "n", problems);
  check_range(3, 1, 3, "n", problems);
  EXPECT_TRUE(problems.empty());
  check_range(0, 1, 3, "n", problems);
  check_range(4, 1, 3, "n", problems);
  EXPECT_TRUE(problems.text().starts_with("2 validation errors"));
}

}  // namespace
}  // namespace proa::api
