#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace proa {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error(Errc::invalid, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  TRY(auto first, half(value));
  TRY(auto second, half(first));
  return second;
}

TEST(Result, TryPassesTheErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().code(), Errc::invalid);
}

TEST(Result, OsErrorsMapToTheConditionsCallersActOn) {
  EXPECT_EQ(os_error("open x", ENOENT).code(), Errc::not_found);
  EXPECT_EQ(os_error("open x", EMFILE).code(), Errc::exhausted);
  EXPECT_EQ(os_error("open x", EPERM).code(), Errc::os);
  EXPECT_EQ(os_error("open x", EPERM).message(), "open x: Operation not permitted");
  EXPECT_EQ(os_error("open x", EPERM).with_context("start").message(),
            "start: open x: Operation not permitted");
}

}  // namespace
}  // namespace proa
