#include "catalog/names.h"

#include "catalog/catalog.h"

#include <gtest/gtest.h>

namespace proa::catalog {
namespace {

TEST(Names, VersionNumbersAreWrittenInOneWayOnly) {
  EXPECT_EQ(parse_version_number("1"), 1U);
  EXPECT_EQ(parse_version_number("9223372036854775807"), kVersionNumberMax);
  for (const char* text : {"", "0", "01", "-1", "+1", " 1", "1 ", "1a", "$LATEST", "1.0",
                           "9223372036854775808", "99999999999999999999"}) {
    EXPECT_FALSE(parse_version_number(text)) << text;
  }
}

TEST(Names, AnAliasIsNoNumber) {
  for (const char* text : {"prod", "a", "1a", "a-b_C9", "-", "_1"}) {
    EXPECT_TRUE(is_alias_name(text)) << text;
  }
  for (const char* text : {"", "1", "007", "$LATEST", "a:b", "a b", "\xc3\xa4", "a/b"}) {
    EXPECT_FALSE(is_alias_name(text)) << text;
  }
  EXPECT_TRUE(is_alias_name(std::string(128, 'a')));
  EXPECT_FALSE(is_alias_name(std::string(129, 'a')));
}

TEST(Names, RegionsHaveTheirForm) {
  EXPECT_TRUE(is_region("us-east-1"));
  EXPECT_FALSE(is_region("US"));
  EXPECT_FALSE(is_region("a/b"));
}

TEST(Names, OnlyAFullArnIsAFunctionsArn) {
  const model::Scope scope{"123456789012", "us-east-1"};
  const std::string arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
  EXPECT_EQ(arn_part(arn, 3), "us-east-1");
  EXPECT_EQ(arn_part(arn, 9), "");
  ASSERT_TRUE(function_of_arn(arn + ":prod", scope));
  EXPECT_EQ(function_of_arn(arn + ":prod", scope)->qualifier, "prod");
  for (const char* text : {"f", "123456789012:function:f", ""}) {
    EXPECT_FALSE(function_of_arn(text, scope)) << text;
  }
}

}  // namespace
}  // namespace proa::catalog
