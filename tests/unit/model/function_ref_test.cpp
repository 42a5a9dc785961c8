#include "model/function_ref.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

const Scope kScope{"000000000000", "us-east-1"};

Result<FunctionRef> parse_ref(std::string_view text,
                              std::optional<std::string_view> qualifier = {}) {
  return parse_function_ref(text, qualifier, kScope);
}

/// "name" or "name@qualifier", or the Errc.
std::string shape(std::string_view text, std::optional<std::string_view> qualifier = {}) {
  const auto ref = parse_ref(text, qualifier);
  if (!ref) return std::string(to_string(ref.error().code()));
  return ref.value().name + (ref.value().qualifier ? "@" + *ref.value().qualifier : "");
}

TEST(FunctionRef, TakesEveryFormThatLambdaTakes) {
  EXPECT_EQ(shape("f"), "f");
  EXPECT_EQ(shape("my-fun_1"), "my-fun_1");
  EXPECT_EQ(shape("f:1"), "f@1");
  EXPECT_EQ(shape("f:$LATEST"), "f@$LATEST");
  EXPECT_EQ(shape("f:live"), "f@live");
  EXPECT_EQ(shape("function:f"), "f");
  EXPECT_EQ(shape("function:f:2"), "f@2");
  EXPECT_EQ(shape("000000000000:f"), "f");
  EXPECT_EQ(shape("000000000000:function:f:live"), "f@live");
  EXPECT_EQ(shape("us-east-1:000000000000:function:f"), "f");
  EXPECT_EQ(shape("arn:aws:lambda:us-east-1:000000000000:function:f"), "f");
  EXPECT_EQ(shape("arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"), "f@$LATEST");
  EXPECT_EQ(shape("arn:aws-cn:lambda:us-east-1:000000000000:function:f:7"), "f@7");
}

TEST(FunctionRef, ReadsAmbiguousTextsAsTheGrammarDoes) {
  EXPECT_EQ(shape("function"), "function");
  EXPECT_EQ(shape("function:1"), "1");
  EXPECT_EQ(shape("function:$LATEST"), "function@$LATEST");
  EXPECT_EQ(shape("000000000000"), "000000000000");
  EXPECT_EQ(shape("000000000000:1"), "1");
  EXPECT_EQ(shape("us-east-1"), "us-east-1");
  EXPECT_EQ(shape("arn:live"), "arn@live");
}

TEST(FunctionRef, RefusesOtherTextsWithLambdasWords) {
  for (const std::string_view text :
       {"", "a b", "f:", ":f", "f:1:2", "f::1", "a.b", "arn:aws:lambda", "f:$OTHER", "ü",
        "arn:aws:s3:us-east-1:000000000000:function:f", "a:b:c:d:e:f:g:h:i:j:k",
        "arn:aws:lambda:us-east-1:000000000000:layer:f:1"}) {
    const auto ref = parse_ref(text);
    ASSERT_FALSE(ref) << text;
    EXPECT_EQ(ref.error().code(), Errc::invalid);
    EXPECT_TRUE(ref.error().message().starts_with(
        "1 validation error detected: Value '" + std::string(text) +
        "' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression "
        "pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?"))
        << ref.error().message();
  }
}

TEST(FunctionRef, ReportsAllViolationsAtOnce) {
  const std::string longer(171, '!');
  const auto ref = parse_ref(longer, "not ok");
  ASSERT_FALSE(ref);
  EXPECT_TRUE(ref.error().message().starts_with("3 validation errors detected: Value '!!!"));
  EXPECT_NE(ref.error().message().find("have length less than or equal to 170; Value '"),
            std::string::npos);
  EXPECT_TRUE(ref.error().message().ends_with(
      "; Value 'not ok' at 'qualifier' failed to satisfy constraint: Member must satisfy regular "
      "expression pattern: (|[a-zA-Z0-9$_-]+)"));
}

TEST(FunctionRef, QualifiersMustAgree) {
  EXPECT_EQ(shape("f", "1"), "f@1");
  EXPECT_EQ(shape("f", ""), "f");
  EXPECT_EQ(shape("f:1", "1"), "f@1");
  EXPECT_EQ(shape("f", "A$B"), "f@A$B");  // accepted here, refused inside a name: Lambda's patterns
  const auto ref = parse_ref("f:1", "2");
  ASSERT_FALSE(ref);
  EXPECT_EQ(ref.error().code(), Errc::invalid);
  EXPECT_EQ(ref.error().message(),
            "The derived qualifier from the function name does not match the specified qualifier.");
  EXPECT_EQ(shape("f", std::string(129, 'q')), "invalid");
}

TEST(FunctionRef, RefusesOtherRegionsAndAccounts) {
  const auto elsewhere = parse_ref("arn:aws:lambda:eu-west-1:000000000000:function:f");
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code(), Errc::not_found);
  EXPECT_EQ(elsewhere.error().message(),
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')");
  const auto foreign = parse_ref("123456789012:function:f");
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code(), Errc::denied);
  EXPECT_NE(foreign.error().message().find("123456789012"), std::string::npos);
}

TEST(FunctionRef, KnowsRegionsOfAllPartitions) {
  const Scope gov{"000000000000", "us-gov-west-1"};
  EXPECT_TRUE(parse_function_ref("us-gov-west-1:f", {}, gov));
  const Scope iso{"000000000000", "us-isob-east-1"};
  EXPECT_TRUE(parse_function_ref("us-isob-east-1:f", {}, iso));
}

TEST(FunctionRef, MakesItsArn) {
  EXPECT_EQ(parse_ref("f").value().arn(), "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(parse_ref("f:live").value().arn(),
            "arn:aws:lambda:us-east-1:000000000000:function:f:live");
}

TEST(RegionForm, IsThatOfLambdasPatterns) {
  for (const char* region : {"us-east-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1"}) {
    EXPECT_TRUE(has_region_form(region)) << region;
  }
  for (const char* region : {"", "local", "us-east", "us-east-11", "US-east-1", "us-x-east-1"}) {
    EXPECT_FALSE(has_region_form(region)) << region;
  }
}

TEST(FunctionRef, AnArnIsReadAsItIsWritten) {
  const FunctionRef longest{"000000000000", "us-east-1", std::string(64, 'n'),
                            std::string(128, 'q')};
  const auto ref = parse_function_arn(longest.arn(), kScope);
  ASSERT_TRUE(ref) << ref.error().message();
  EXPECT_EQ(ref.value().arn(), longest.arn());
  for (const std::string_view text :
       {"", "f", "f:1", "000000000000:function:f", "arn:aws-cn:lambda:us-east-1:000000000000:f",
        "arn:aws:lambda:us-east-1:000000000000:f"}) {
    const auto refused = parse_function_arn(text, kScope);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().message(),
              "'" + std::string(text) + "' is not the ARN of a function");
  }
  const auto foreign =
      parse_function_arn("arn:aws:lambda:us-east-1:111111111111:function:f", kScope);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code(), Errc::denied);
}

}  // namespace
}  // namespace proa::model
