#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

class DescribeLogGroupsTest : public ApiTest {
 protected:
  DescribeLogGroupsTest() {
    for (const char* name : {"/aws/lambda/a", "/aws/lambda/b", "/aws/other", "zoo"}) {
      logs_.put(name, "s", "x\n");
    }
  }
  /// The names, or the failure.
  std::string names(const std::string& body) {
    const auto response = send_logs("DescribeLogGroups", body);
    if (response.status != 200) return failure(response);
    std::string all;
    const auto answer = body_of(response);
    for (const auto& group : answer.at("logGroups").as_array()) {
      all += text(group.as_object(), "logGroupName") + " ";
    }
    return all;
  }
};

TEST_F(DescribeLogGroupsTest, ByPrefixAndByPart) {
  EXPECT_EQ(names("{}"), "/aws/lambda/a /aws/lambda/b /aws/other zoo ");
  EXPECT_EQ(names(R"({"logGroupNamePrefix":"/aws/l"})"), "/aws/lambda/a /aws/lambda/b ");
  EXPECT_EQ(names(R"({"logGroupNamePattern":"o"})"), "/aws/other zoo ");
  EXPECT_EQ(names(R"({"logGroupNamePattern":""})"), "/aws/lambda/a /aws/lambda/b /aws/other zoo ");
  EXPECT_EQ(names(R"({"logGroupClass":"INFREQUENT_ACCESS"})"), "");
}

TEST_F(DescribeLogGroupsTest, PageByPage) {
  std::string all;
  std::string token;
  int pages = 0;
  do {
    boost::json::object body;
    body["limit"] = 3;
    if (!token.empty()) body["nextToken"] = token;
    const auto answer = body_of(send_logs("DescribeLogGroups", boost::json::serialize(body)));
    for (const auto& group : answer.at("logGroups").as_array()) {
      all += text(group.as_object(), "logGroupName") + " ";
    }
    token = answer.contains("nextToken") ? text(answer, "nextToken") : "";
  } while (!token.empty() && ++pages < 10);
  EXPECT_EQ(all, "/aws/lambda/a /aws/lambda/b /aws/other zoo ");
  EXPECT_EQ(pages, 1);
}

TEST_F(DescribeLogGroupsTest, WhatIsWrong) {
  EXPECT_EQ(names(R"({"limit":51})"),
            "400 InvalidParameterException message=1 validation error detected: Value '51' at "
            "'limit' failed to satisfy constraint: Member must have value less than or equal to "
            "50");
  EXPECT_EQ(names(R"({"logGroupNamePrefix":"a","logGroupNamePattern":"b"})"),
            "400 InvalidParameterException message=LogGroup name prefix and LogGroup name pattern "
            "are mutually exclusive parameters.");
  EXPECT_EQ(names(R"({"nextToken":"%"})"),
            "400 InvalidParameterException message=The specified nextToken is invalid.");
  EXPECT_EQ(names(R"({"includeLinkedAccounts":true})"),
            "400 InvalidParameterException message=includeLinkedAccounts is not supported by Proa "
            "yet");
  EXPECT_EQ(names(R"({"includeLinkedAccounts":false})").substr(0, 4), "/aws");
  EXPECT_TRUE(names("{").starts_with("400 SerializationException "));
}

}  // namespace
}  // namespace proa::api
