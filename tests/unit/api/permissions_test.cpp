#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr const char* kPolicy = "/2015-03-31/functions/f/policy";

class PermissionsTest : public ApiTest {
 protected:
  PermissionsTest() { catalog_.put("f"); }
  std::string refused(const std::string& member, const std::string& value) {
    json::object body{
        {"StatementId", "s"}, {"Action", "lambda:InvokeFunction"}, {"Principal", "*"}};
    body[member] = value;
    return failure(send("POST", kPolicy, json::serialize(body)));
  }
};

TEST_F(PermissionsTest, AreAddedReadAndRemoved) {
  auto response = send("POST", kPolicy,
                       R"({"StatementId": "public", "Action": "lambda:InvokeFunctionUrl",
      "Principal": "*", "FunctionUrlAuthType": "NONE"})");
  EXPECT_EQ(response.status, 201);
  const auto wanted = json::parse(R"({"Sid": "public", "Effect": "Allow", "Principal": "*",
      "Action": "lambda:InvokeFunctionUrl",
      "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f",
      "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}})");
  EXPECT_EQ(json::parse(text(body_of(response), "Statement")), wanted);
  response = send("GET", kPolicy);
  EXPECT_EQ(text(body_of(response), "RevisionId"), "r2");
  const auto policy = json::parse(text(body_of(response), "Policy")).as_object();
  EXPECT_EQ(text(policy, "Version"), "2012-10-17");
  EXPECT_EQ(text(policy, "Id"), "default");
  EXPECT_EQ(policy.at("Statement").at(0), wanted);
  EXPECT_EQ(send("DELETE", std::string(kPolicy) + "/public").status, 204);
  EXPECT_TRUE(catalog_.records.at("f").policies.at("$LATEST").statements.empty());
}

TEST_F(PermissionsTest, HaveTheConditionsThatWereGiven) {
  const auto response = send("POST", kPolicy, R"({"StatementId": "s3",
      "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
      "SourceArn": "arn:aws:s3:::bucket", "SourceAccount": "123456789012",
      "PrincipalOrgID": "o-abcdefghij", "EventSourceToken": "t-1",
      "InvokedViaFunctionUrl": true})");
  const auto statement = json::parse(text(body_of(response), "Statement")).as_object();
  EXPECT_EQ(statement.at("Principal"), json::parse(R"({"Service": "s3.amazonaws.com"})"));
  EXPECT_EQ(statement.at("Condition"), json::parse(R"({
      "StringEquals": {"AWS:SourceAccount": "123456789012", "aws:PrincipalOrgID": "o-abcdefghij",
        "lambda:EventSourceToken": "t-1"},
      "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
      "Bool": {"lambda:InvokedViaFunctionUrl": "true"}})"));
}

TEST_F(PermissionsTest, AnAccountIsItsRoot) {
  const auto response = send("POST", kPolicy, R"({"StatementId": "a",
      "Action": "lambda:*", "Principal": "123456789012"})");
  EXPECT_EQ(json::parse(text(body_of(response), "Statement")).at("Principal"),
            json::parse(R"({"AWS": "arn:aws:iam::123456789012:root"})"));
}

TEST_F(PermissionsTest, RefuseBadInputByName) {
  EXPECT_EQ(failure(send("POST", kPolicy, "{}")),
            "400 ValidationException message=3 validation errors detected: Value null at "
            "'statementId' failed to satisfy constraint: Member must not be null; Value null at "
            "'action' failed to satisfy constraint: Member must not be null; Value null at "
            "'principal' failed to satisfy constraint: Member must not be null");
  for (const auto& [member, value] :
       std::vector<std::pair<std::string, std::string>>{{"StatementId", "a b"},
                                                        {"StatementId", std::string(101, 'a')},
                                                        {"Action", "s3:GetObject"},
                                                        {"Action", "lambda:"},
                                                        {"Principal", "a b"},
                                                        {"Principal", ""},
                                                        {"SourceArn", "bucket"},
                                                        {"SourceAccount", "12"},
                                                        {"PrincipalOrgID", "o-short"},
                                                        {"EventSourceToken", "a/b"},
                                                        {"FunctionUrlAuthType", "SOME"}}) {
    EXPECT_EQ(refused(member, value).substr(0, 23), "400 ValidationException") << member;
  }
  EXPECT_EQ(refused("Principal", "nobody"),
            "400 InvalidParameterValueException User message=The provided principal was invalid. "
            "Please check the principal and try again.");
  EXPECT_EQ(refused("FunctionUrlAuthType", "NONE"),
            "400 InvalidParameterValueException User message=FunctionUrlAuthType is only supported "
            "for lambda:InvokeFunctionUrl action");
  EXPECT_EQ(failure(send("GET", kPolicy)),
            "404 ResourceNotFoundException User Message=The resource you requested does not "
            "exist.");
}

}  // namespace
}  // namespace proa::api
