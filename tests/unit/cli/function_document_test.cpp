#include "cli/function_document.h"

#include "unit/cli/cli_daemon.h"

#include <boost/json/parse.hpp>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr const char* kFunction =
    R"({"Configuration":{"FunctionName":"f","FunctionArn":"arn:f","Version":"$LATEST",
  "State":"Active","LastUpdateStatus":"Successful","Runtime":"python3.11",
  "Architectures":["x86_64"],"Handler":"app.handler","Description":"","Role":"arn:role",
  "MemorySize":128,"Timeout":3,"EphemeralStorage":{"Size":512},"CodeSize":2048,"CodeSha256":"sha",
  "LastModified":"2025-11-26T05:20:42.000+0000","RevisionId":"rev-1","Layers":[{"Arn":"arn:l:1"}],
  "Environment":{"Variables":{"A":"secret","B":"2"}},
  "LoggingConfig":{"LogFormat":"Text","LogGroup":"/aws/lambda/f"}},
  "Tags":{"team":"x","proa:network":"none"},"Concurrency":{"ReservedConcurrentExecutions":5}})";
constexpr const char* kEvents = R"({"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":60,
  "DestinationConfig":{"OnFailure":{"Destination":"arn:d"},"OnSuccess":{}}})";

TEST_F(CliDaemonTest, AFunctionIsOneDocument) {
  bodies_ = {kFunction, kEvents};
  const auto document = fetch_function(around_, "f");
  EXPECT_EQ(document.value().at("EventInvokeConfig").at("MaximumRetryAttempts"), 1);
  EXPECT_EQ(all_asked_.front(), "GET /2015-03-31/functions/f ");
  EXPECT_EQ(asked_, "GET /2019-09-25/functions/f/event-invoke-config ");
  EXPECT_EQ(describe_function(around_, document.value(), false),
            "f\n"
            "  arn           arn:f\n"
            "  state         Active\n"
            "  runtime       python3.11, x86_64\n"
            "  handler       app.handler\n"
            "  role          arn:role\n"
            "  memory        128 MB\n"
            "  timeout       3 s\n"
            "  tmp           512 MB\n"
            "  code          2.0 KiB, SHA-256 sha\n"
            "  modified      2m ago (2025-11-26T05:20:42.000+0000)\n"
            "  layer         arn:l:1\n"
            "  environment   A  (hidden; --show-env shows it)\n"
            "  environment   B  (hidden; --show-env shows it)\n"
            "  log           Text to /aws/lambda/f\n"
            "  concurrency   5 reserved\n"
            "  setting       network=none\n"
            "  tag           team=x\n"
            "  async         1 retries, 60 s at most\n"
            "  on failure    arn:d\n");
  EXPECT_NE(describe_function(around_, document.value(), true).find("environment   A=secret\n"),
            std::string::npos);
}

TEST_F(CliDaemonTest, AFunctionWithoutEventConfigHasNone) {
  bodies_ = {kFunction, R"({"Message":"no config"})"};
  statuses_ = {200, 404};
  EXPECT_FALSE(fetch_function(around_, "f").value().as_object().contains("EventInvokeConfig"));
  bodies_ = {kFunction, R"({"Message":"broken"})"};
  statuses_ = {200, 500};
  EXPECT_EQ(fetch_function(around_, "f").error().message(), "broken");
}

TEST_F(CliDaemonTest, OddDocumentsAreErrorsOrShowWhatTheyHave) {
  for (const char* body : {"[]", "null", "7", "{}", R"({"Configuration":[]})"}) {
    body_ = body;
    EXPECT_EQ(fetch_function(around_, "f").error().code(), Errc::corrupt) << body;
  }
  const auto document = json::parse(R"({"Configuration":{"Layers":7,"Environment":{"Variables":[]},
    "LoggingConfig":1,"EphemeralStorage":null},"Tags":[],"Concurrency":{},
    "EventInvokeConfig":{"DestinationConfig":{"OnFailure":1}}})");
  EXPECT_NE(describe_function(around_, document, true), "");
}

}  // namespace
}  // namespace proa::cli
