#include "api/log_input.h"

#include "unit/api/exchanges.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::api {
namespace {

/// The group's name, or what is wrong.
std::string group_of(std::string_view body) {
  Problems problems;
  const auto object = parse_object(body, problems);
  const Fields fields(object, problems);
  const auto group = decode_log_group(fields, kScope);
  if (!problems.empty()) return problems.text();
  return group ? group.value().account_id + " " + group.value().name : group.error().message();
}

TEST(LogInput, AGroupIsNamedByNameOrArn) {
  EXPECT_EQ(group_of(R"({"logGroupName":"/aws/lambda/f"})"), "000000000000 /aws/lambda/f");
  EXPECT_EQ(group_of(R"({"logGroupIdentifier":"/aws/lambda/f"})"), "000000000000 /aws/lambda/f");
  for (const char* end : {"", ":*"}) {
    EXPECT_EQ(group_of(R"({"logGroupIdentifier":"arn:aws:logs:us-east-1:000000000000:log-group:g)" +
                       std::string(end) + "\"}"),
              "000000000000 g");
  }
}

TEST(LogInput, AGroupIsNamedOnce) {
  EXPECT_EQ(group_of(R"({"logGroupName":"a","logGroupIdentifier":"a"})"),
            "Only one of logGroupName and logGroupIdentifier can be given, not both");
  EXPECT_EQ(group_of("{}"), "One of logGroupName and logGroupIdentifier must be given");
}

TEST(LogInput, GroupsOfOthersAreNotThere) {
  for (const char* arn : {"arn:aws:logs:us-east-1:123456789012:log-group:g",
                          "arn:aws:logs:eu-west-1:000000000000:log-group:g",
                          "arn:aws:logs:us-east-1:000000000000:log-group:a:log-stream:b"}) {
    EXPECT_EQ(group_of(R"({"logGroupIdentifier":")" + std::string(arn) + "\"}"),
              "The specified log group does not exist.");
  }
}

TEST(LogInput, TheFormOfAGroupsName) {
  EXPECT_EQ(group_of(R"({"logGroupName":"a b"})"),
            "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy "
            R"(constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+)");
  EXPECT_TRUE(group_of(R"({"logGroupName":""})").starts_with("2 validation errors detected: "));
  EXPECT_NE(group_of(R"({"logGroupName":")" + std::string(513, 'a') + "\"}")
                .find("Member must have length less than or equal to 512"),
            std::string::npos);
}

TEST(LogInput, StreamNames) {
  Problems problems;
  check_stream_name("2025/01/01/[$LATEST]e", "logStreamName", problems);
  EXPECT_TRUE(problems.empty());
  check_stream_name("a:b", "logStreamName", problems);
  EXPECT_NE(problems.text().find("Member must satisfy regular expression pattern: [^:*]*"),
            std::string::npos);
}

TEST(LogInput, Times) {
  Problems problems;
  const auto object = parse_object(R"({"a":1500,"b":-1,"c":9223372036854775807})", problems);
  const Fields fields(object, problems);
  EXPECT_EQ(epoch_ms(*decode_log_time(fields, "a")), 1500);
  EXPECT_FALSE(decode_log_time(fields, "missing"));
  EXPECT_TRUE(problems.empty());
  EXPECT_GT(*decode_log_time(fields, "c"), *decode_log_time(fields, "a"));
  EXPECT_FALSE(decode_log_time(fields, "b"));
  EXPECT_EQ(problems.text(),
            "1 validation error detected: Value '-1' at 'b' failed to satisfy constraint: Member "
            "must have value greater than or equal to 0");
}

TEST(LogInput, Filters) {
  EXPECT_FALSE(decode_filter("").value());
  const auto filter = decode_filter("ERROR").value();
  EXPECT_TRUE(filter("an ERROR"));
  EXPECT_FALSE(filter("fine"));
  EXPECT_EQ(decode_filter("{ $.a").error().code(), Errc::invalid);
}

TEST(LogInput, TokensGoBackToWhatTheyWere) {
  EXPECT_EQ(decode_log_token(make_log_token("name")).value(), "name");
  const logs::LogPosition position{1, 2, 3};
  EXPECT_EQ(decode_position_token(make_log_token(position.to_text())).value(), position);
  for (const std::string& token : {std::string("%"), make_log_token("x"), make_log_token("")}) {
    EXPECT_EQ(decode_position_token(token).error().message(),
              "The specified nextToken is invalid.");
  }
}

}  // namespace
}  // namespace proa::api
