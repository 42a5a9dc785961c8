#include "base/check.h"

#include <gtest/gtest.h>

namespace proa {
namespace {

TEST(Check, ATrueConditionGoesOn) { check(true, "never said"); }

TEST(CheckDeathTest, AFalseOneEndsTheProcessAndSaysWhereAndWhy) {
  EXPECT_DEATH(check(1 > 2, "one is not more than two"),
               "check_test.cpp:[0-9]+: invariant broken: one is not more than two");
}

}  // namespace
}  // namespace proa
