#include "model/account_id.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

TEST(AccountId, HasTwelveDigits) {
  EXPECT_TRUE(is_account_id("000000000000"));
  EXPECT_TRUE(is_account_id("123456789012"));
  EXPECT_FALSE(is_account_id(""));
  EXPECT_FALSE(is_account_id("00000000000"));
  EXPECT_FALSE(is_account_id("0000000000000"));
  EXPECT_FALSE(is_account_id("00000000000a"));
}

}  // namespace
}  // namespace proa::model
