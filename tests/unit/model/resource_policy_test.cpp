#include "model/resource_policy.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

constexpr const char* kUrlAction = "lambda:InvokeFunctionUrl";

ResourcePolicy policy_of(const std::string& action, const std::string& principal) {
  ResourcePolicy policy;
  PolicyStatement statement;
  statement.id = "s";
  statement.action = action;
  statement.principal = principal;
  policy.statements.push_back(statement);
  return policy;
}

AccessQuestion of_account(std::string_view account, std::string_view principal) {
  AccessQuestion question;
  question.action = kUrlAction;
  question.account_id = account;
  question.principal = principal;
  question.url_auth = UrlAuth::aws_iam;
  return question;
}

TEST(ResourcePolicies, LetInWhomTheyName) {
  const auto question = of_account("111111111111", "arn:aws:iam::111111111111:user/ann");
  for (const char* principal : {"*", "111111111111", "arn:aws:iam::111111111111:root",
                                "arn:aws:iam::111111111111:user/ann"}) {
    EXPECT_TRUE(allows(policy_of(kUrlAction, principal), question)) << principal;
  }
  for (const char* principal : {"222222222222", "arn:aws:iam::222222222222:root",
                                "arn:aws:iam::111111111111:user/bob", "s3.amazonaws.com"}) {
    EXPECT_FALSE(allows(policy_of(kUrlAction, principal), question)) << principal;
  }
  EXPECT_FALSE(allows(ResourcePolicy(), question));
}

TEST(ResourcePolicies, LetDoWhatTheyName) {
  const auto question = of_account("111111111111", "arn:aws:iam::111111111111:user/ann");
  EXPECT_TRUE(allows(policy_of("lambda:*", "*"), question));
  EXPECT_TRUE(allows(policy_of("*", "*"), question));
  EXPECT_FALSE(allows(policy_of("lambda:InvokeFunction", "*"), question)) << "not by a prefix";
}

TEST(ResourcePolicies, WhoeverIsUnknownIsOnlyEverybody) {
  AccessQuestion question;
  question.action = kUrlAction;
  question.url_auth = UrlAuth::none;
  EXPECT_TRUE(allows(policy_of(kUrlAction, "*"), question));
  EXPECT_FALSE(allows(policy_of(kUrlAction, ""), question));
  EXPECT_FALSE(allows(policy_of(kUrlAction, "arn:aws:iam:::root"), question));
}

TEST(ResourcePolicies, AllConditionsMustHold) {
  const auto question = of_account("111111111111", "arn:aws:iam::111111111111:user/ann");
  auto policy = policy_of(kUrlAction, "*");
  PolicyStatement& statement = policy.statements.front();
  statement.url_auth = UrlAuth::none;
  EXPECT_FALSE(allows(policy, question));
  statement.url_auth = UrlAuth::aws_iam;
  EXPECT_TRUE(allows(policy, question));
  statement.via_url = false;
  EXPECT_FALSE(allows(policy, question));
  statement.via_url = true;
  EXPECT_TRUE(allows(policy, question));
  for (auto member : {&PolicyStatement::source_arn, &PolicyStatement::source_account,
                      &PolicyStatement::organization, &PolicyStatement::event_source_token}) {
    statement.*member = "x";
    EXPECT_FALSE(allows(policy, question)) << "nothing here has one";
    (statement.*member).reset();
  }
  EXPECT_TRUE(allows(policy, question));
}

TEST(ResourcePolicies, FindStatementsByTheirId) {
  const auto policy = policy_of("*", "*");
  ASSERT_NE(policy.find("s"), nullptr);
  EXPECT_EQ(policy.find("S"), nullptr);
}

TEST(Principals, AreAccountsArnsServicesAndEverybody) {
  for (const char* principal :
       {"*", "123456789012", "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:role/path/r", "arn:aws:sts::123456789012:assumed-role/r/s",
        "s3.amazonaws.com", "alexa-appkit.amazon.com"}) {
    EXPECT_TRUE(is_principal(principal)) << principal;
  }
  for (const char* principal :
       {"", "12345678901", "1234567890123", "arn:aws:iam::123456789012:", "arn:aws:iam::1:root",
        "arn:aws:sts::123456789012:root", "arn:aws:s3:::bucket", "arn:aws:iam::123456789012:user/",
        "ann", "S3.amazonaws.com", ".com", "**"}) {
    EXPECT_FALSE(is_principal(principal)) << principal;
  }
}

TEST(UrlAuth, HasTheNamesOfTheApi) {
  for (const UrlAuth auth : {UrlAuth::none, UrlAuth::aws_iam}) {
    EXPECT_EQ(parse_url_auth(to_string(auth)), auth);
  }
  EXPECT_EQ(parse_url_auth("none"), std::nullopt);
}

}  // namespace
}  // namespace proa::model
