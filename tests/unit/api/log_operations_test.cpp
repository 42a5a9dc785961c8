#include "api/log_operations.h"

#include "unit/api/fakes.h"

#include <set>

namespace proa::api {
namespace {

TEST(LogOperations, EachIsThereOnce) {
  std::set<std::string_view> names;
  for (const Operation& operation : log_operations()) {
    EXPECT_TRUE(names.insert(operation.name).second) << operation.name;
    EXPECT_EQ(operation.service, "logs");
  }
}

TEST(LogOperations, TheResourceOfADenial) {
  const model::Scope scope{"000000000000", "us-east-1"};
  EXPECT_EQ(log_resource(R"({"logGroupName":"g"})", scope),
            "arn:aws:logs:us-east-1:000000000000:log-group:g");
  EXPECT_EQ(log_resource(R"({"logGroupIdentifier":"arn:a"})", scope), "arn:a");
  for (const char* body : {"", "{}", "[]", "{", R"({"logGroupName":1})"}) {
    EXPECT_EQ(log_resource(body, scope), "*") << body;
  }
}

using LogOperationsTest = ApiTest;

TEST_F(LogOperationsTest, OthersAreRefusedByName) {
  const auto response = send_logs("PutLogEvents", "{}");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.header("Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(response.body, R"({"__type":"UnknownOperationException",)"
                           R"("message":"PutLogEvents is not supported by Proa yet"})");
  EXPECT_EQ(failure(send_logs("MakeCoffee", "{}")),
            "400 UnknownOperationException message=There is no operation Logs_20140328.MakeCoffee");
  EXPECT_EQ(failure(send("POST", "/", "{}")),
            "404 UnknownOperationException message=There is no operation POST /");
}

TEST_F(LogOperationsTest, WebPagesAreRefusedAsEverywhere) {
  EXPECT_TRUE(failure(send_logs("DescribeLogGroups", "{}", nullptr, {{"Origin", "http://evil"}}))
                  .starts_with("400 AccessDeniedException message=Proa runs without keys"));
}

TEST_F(LogOperationsTest, ASignatureIsForItsServiceOnly) {
  logs_.put("/aws/lambda/f", "s", "x\n");
  const auto key = make_key(identity::Rights{identity::Right::admin, identity::Right::logs});
  const std::string body = R"({"logGroupName":"/aws/lambda/f"})";
  EXPECT_EQ(send_logs("FilterLogEvents", body, key.get()).status, 200);
  EXPECT_EQ(failure(send_signed(*key, "POST", "/", body,
                                {{"X-Amz-Target", "Logs_20140328.FilterLogEvents"}})),
            "400 InvalidSignatureException message=Credential should be scoped to correct service: "
            "'logs'.");
  service_ = "logs";
  EXPECT_EQ(failure(send_signed(*key, "GET", "/2015-03-31/functions")),
            "403 InvalidSignatureException message=Credential should be scoped to correct service: "
            "'lambda'.");
  EXPECT_EQ(failure(send_logs("FilterLogEvents", body)),
            "400 MissingAuthenticationTokenException message=Missing Authentication Token");
}

TEST_F(LogOperationsTest, LogsNeedTheirRight) {
  logs_.put("/aws/lambda/f", "s", "x\n");
  (void)make_key(identity::Rights{identity::Right::admin});
  const auto invoker = make_key(identity::Rights{identity::Right::invoke});
  EXPECT_EQ(
      failure(send_logs("FilterLogEvents", R"({"logGroupName":"/aws/lambda/f"})", invoker.get())),
      "400 AccessDeniedException message=User: " + invoker->principal +
          " is not authorized to perform: logs:FilterLogEvents on resource: "
          "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f because the key has "
          "not got the right logs");
  EXPECT_FALSE(logs_.query);
  EXPECT_EQ(send_signed(*invoker, "GET", "/proa/v1/logs?function=f").status, 403);
}

TEST_F(LogOperationsTest, AnAccountSeesItsOwnLogs) {
  logs_.put("/aws/lambda/f", "s", "x\n");
  (void)make_key(identity::Rights{identity::Right::admin});
  make_account("team", "123456789012");
  const auto key = make_key(identity::Rights{identity::Right::logs}, "123456789012");
  EXPECT_EQ(body_of(send_logs("DescribeLogGroups", "{}", key.get())).at("logGroups").as_array(),
            boost::json::array());
  EXPECT_EQ(failure(send_logs("FilterLogEvents", R"({"logGroupName":"/aws/lambda/f"})", key.get())),
            "400 ResourceNotFoundException message=The specified log group does not exist.");
}

}  // namespace
}  // namespace proa::api
