#include "unit/api/fakes.h"

namespace proa::api {
namespace {

constexpr const char* kEventConfigPath = "/2019-09-25/functions/f/event-invoke-config";
constexpr const char* kEventConfigListPath = "/2019-09-25/functions/f/event-invoke-config/list";
constexpr const char* kFunctionArnStart = "arn:aws:lambda:us-east-1:000000000000:function:";

class EventInvokeConfigTest : public ApiTest {
 protected:
  EventInvokeConfigTest() { catalog_.put("f"); }
};

TEST_F(EventInvokeConfigTest, IsPutReadUpdatedAndRemoved) {
  const auto put = send("PUT", kEventConfigPath, R"({"MaximumRetryAttempts": 1, "DestinationConfig":
      {"OnSuccess": {"Destination": "arn:aws:lambda:us-east-1:000000000000:function:g"}}})");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(
      put.body,
      R"({"LastModified":1.735689600123E9,)"
      R"("FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",)"
      R"("MaximumRetryAttempts":1,"DestinationConfig":{"OnSuccess":)"
      R"({"Destination":"arn:aws:lambda:us-east-1:000000000000:function:g"},"OnFailure":{}}})");
  EXPECT_TRUE(catalog_.event_change->is_replacing);
  EXPECT_EQ(send("GET", kEventConfigPath).body, put.body);
  EXPECT_EQ(send("GET", std::string(kEventConfigPath) + "?Qualifier=$LATEST").body, put.body);

  const auto updated = send("POST", kEventConfigPath, R"({"MaximumEventAgeInSeconds": 60})");
  EXPECT_EQ(updated.status, 200);
  EXPECT_FALSE(catalog_.event_change->is_replacing);
  EXPECT_EQ(body_of(updated).at("MaximumEventAgeInSeconds").as_int64(), 60);
  EXPECT_EQ(body_of(updated).at("MaximumRetryAttempts").as_int64(), 1);

  const auto removed = send("DELETE", kEventConfigPath);
  EXPECT_EQ(removed.status, 204);
  EXPECT_EQ(removed.body, "");
  EXPECT_EQ(failure(send("GET", kEventConfigPath)),
            std::string("404 ResourceNotFoundException User Message=The function ") +
                kFunctionArnStart + "f:$LATEST doesn't have an EventInvokeConfig");
}

TEST_F(EventInvokeConfigTest, NeedsSomethingToSetBeforeAFunction) {
  const std::string refused =
      "400 InvalidParameterValueException User message=You must specify at least one of error "
      "handling or destination setting.";
  for (const char* method : {"PUT", "POST"}) {
    EXPECT_EQ(failure(send(method, kEventConfigPath, "{}")), refused);
    EXPECT_EQ(failure(send(method, "/2019-09-25/functions/none/event-invoke-config")), refused);
  }
}

TEST_F(EventInvokeConfigTest, ChecksShapesFirst) {
  EXPECT_TRUE(failure(send("PUT", "/2019-09-25/functions/none/event-invoke-config",
                           R"({"MaximumRetryAttempts": 3})"))
                  .starts_with("400 ValidationException message=1 validation error detected: Value "
                               "'3' at 'maximumRetryAttempts'"));
  EXPECT_TRUE(failure(send("POST", kEventConfigPath, R"({"MaximumRetryAttempts": "1"})"))
                  .starts_with("400 SerializationException"));
  EXPECT_TRUE(
      failure(send("PUT", kEventConfigPath, "{")).starts_with("400 SerializationException"));
  EXPECT_EQ(failure(send("PUT", "/2019-09-25/functions/f%3A1/event-invoke-config?Qualifier=2",
                         R"({"MaximumRetryAttempts": 1})")),
            "400 InvalidParameterValueException User message=The derived qualifier from the "
            "function name does not match the specified qualifier.");
  EXPECT_FALSE(catalog_.event_change);
}

TEST_F(EventInvokeConfigTest, PassesOnWhatTheCatalogRefuses) {
  catalog_.next_error = Error(Errc::unsupported, "The destination x is not supported by Proa yet");
  EXPECT_EQ(failure(send("PUT", kEventConfigPath, R"({"MaximumRetryAttempts": 1})")),
            "400 InvalidParameterValueException User message=The destination x is not supported "
            "by Proa yet");
}

TEST_F(EventInvokeConfigTest, GetAndDeleteNameTheQualifierThatWasAsked) {
  const auto missing = [](const std::string& name) {
    return std::string("404 ResourceNotFoundException User Message=The function ") +
           kFunctionArnStart + name + " doesn't have an EventInvokeConfig";
  };
  EXPECT_EQ(failure(send("GET", "/2019-09-25/functions/none/event-invoke-config")),
            missing("none:$LATEST"));
  EXPECT_EQ(failure(send("GET", std::string(kEventConfigPath) + "?Qualifier=live")),
            missing("f:live"));
  EXPECT_EQ(failure(send("DELETE", "/2019-09-25/functions/f%3A1/event-invoke-config")),
            missing("f:1"));
}

TEST_F(EventInvokeConfigTest, ListsPageByPage) {
  EXPECT_EQ(send("GET", kEventConfigListPath).body, R"({"FunctionEventInvokeConfigs":[]})");
  auto& configs = catalog_.records["f"].event_configs;
  for (const char* qualifier : {"$LATEST", "1", "live"}) configs[qualifier].retries_max = 0;
  const auto all = body_of(send("GET", kEventConfigListPath));
  EXPECT_EQ(all.at("FunctionEventInvokeConfigs").as_array().size(), 3U);
  EXPECT_FALSE(all.contains("NextMarker"));

  std::vector<std::string> arns;
  std::string marker;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = body_of(
        send("GET", kEventConfigListPath + ("?MaxItems=1&Marker=" + http::percent_encode(marker))));
    ASSERT_EQ(page.at("FunctionEventInvokeConfigs").as_array().size(), 1U);
    arns.push_back(
        text(page.at("FunctionEventInvokeConfigs").as_array()[0].as_object(), "FunctionArn"));
    if (!page.contains("NextMarker")) break;
    marker = text(page, "NextMarker");
  }
  const std::string arn = kFunctionArnStart;
  EXPECT_EQ(arns, (std::vector<std::string>{arn + "f:$LATEST", arn + "f:1", arn + "f:live"}));
}

TEST_F(EventInvokeConfigTest, ListRefusesWhatIsNotThere) {
  const std::string missing =
      "404 ResourceNotFoundException User Message=The function doesn't exist.";
  EXPECT_EQ(failure(send("GET", "/2019-09-25/functions/none/event-invoke-config/list")), missing);
  EXPECT_EQ(failure(send("GET", "/2019-09-25/functions/f%3A1/event-invoke-config/list")), missing);
  EXPECT_EQ(failure(send("GET", std::string(kEventConfigListPath) + "?MaxItems=51")),
            "400 ValidationException message=1 validation error detected: Value '51' at 'maxItems' "
            "failed to satisfy constraint: Member must have value less than or equal to 50");
  EXPECT_EQ(failure(send("GET", std::string(kEventConfigListPath) + "?Marker=%25")),
            "400 InvalidParameterValueException User message=The Marker '%' is not one of "
            "ListFunctionEventInvokeConfigs");
}

}  // namespace
}  // namespace proa::api
