#include "api/logging_config_input.h"

#include "unit/api/create_requests.h"

namespace proa::api {
namespace {

class LoggingConfigInputTest : public CreateFunctionTest {
 protected:
  std::string failure_with(const char* logging) { return with("LoggingConfig", logging); }
  /// What Create answers, shown as JSON.
  std::string shown(const char* logging) {
    body_["LoggingConfig"] = json::parse(logging);
    const auto response = create();
    EXPECT_EQ(response.status, 201) << response.body;
    return response.status == 201 ? json::serialize(body_of(response).at("LoggingConfig")) : "";
  }
};

TEST_F(LoggingConfigInputTest, ShowsLevelsWithJsonOnly) {
  const std::string text = R"({"LogFormat":"Text","LogGroup":"/aws/lambda/f"})";
  EXPECT_EQ(shown("null"), text);
  EXPECT_EQ(shown("{}"), text);
  EXPECT_EQ(shown(R"({"LogFormat": "Text", "ApplicationLogLevel": null})"), text);
  EXPECT_EQ(shown(R"({"LogFormat": "JSON"})"),
            R"({"LogFormat":"JSON","ApplicationLogLevel":"INFO","SystemLogLevel":"INFO",)"
            R"("LogGroup":"/aws/lambda/f"})");
  EXPECT_EQ(shown(R"({"LogFormat": "JSON", "ApplicationLogLevel": "FATAL",
                      "SystemLogLevel": "WARN", "LogGroup": "a/B.c-d_e#1"})"),
            R"({"LogFormat":"JSON","ApplicationLogLevel":"FATAL","SystemLogLevel":"WARN",)"
            R"("LogGroup":"a/B.c-d_e#1"})");
  EXPECT_EQ(shown(R"({"LogGroup": "/mine"})"), R"({"LogFormat":"Text","LogGroup":"/mine"})");
}

TEST_F(LoggingConfigInputTest, RefusesWhatIsNotInTheModel) {
  const auto not_in = [](const std::string& value, const std::string& member,
                         const std::string& set) {
    return validation("Value '" + value + "' at 'loggingConfig." + member +
                      "' failed to satisfy constraint: Member must satisfy enum value set: [" +
                      set + "]");
  };
  EXPECT_EQ(failure_with(R"({"LogFormat": "json"})"), not_in("json", "logFormat", "JSON, Text"));
  EXPECT_EQ(failure_with(R"({"LogFormat": "JSON", "ApplicationLogLevel": "NOTICE"})"),
            not_in("NOTICE", "applicationLogLevel", "TRACE, DEBUG, INFO, WARN, ERROR, FATAL"));
  EXPECT_EQ(failure_with(R"({"LogFormat": "JSON", "SystemLogLevel": "ERROR"})"),
            not_in("ERROR", "systemLogLevel", "DEBUG, INFO, WARN"));
  EXPECT_EQ(failure_with(R"({"LogFormat": 1})"),
            "400 SerializationException message=The value of 'LogFormat' is not a string");
  EXPECT_EQ(failure_with(R"("JSON")"),
            "400 SerializationException message=The value of 'LoggingConfig' is not an object");
}

TEST_F(LoggingConfigInputTest, RefusesNamesThatNoLogGroupHas) {
  const std::string at = " at 'loggingConfig.logGroup' failed to satisfy constraint: Member must ";
  const std::string pattern = R"(satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+)";
  EXPECT_EQ(failure_with(R"({"LogGroup": "my group"})"),
            validation("Value 'my group'" + at + pattern));
  const std::string longest(512, 'g');
  shown(("{\"LogGroup\": \"" + longest + "\"}").c_str());
  EXPECT_EQ(failure_with(("{\"LogGroup\": \"" + longest + "g\"}").c_str()),
            validation("Value '" + longest + "g'" + at + "have length less than or equal to 512"));
  EXPECT_EQ(failure_with(R"({"LogGroup": ""})"),
            "400 ValidationException message=2 validation errors detected: Value ''" + at +
                "have length greater than or equal to 1; Value ''" + at + pattern);
}

TEST_F(LoggingConfigInputTest, RefusesLevelsWithTheFormatText) {
  const std::string refusal = invalid(
      "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your "
      "request or change the LogFormat to \"Json\" and try again.");
  EXPECT_EQ(failure_with(R"({"ApplicationLogLevel": "INFO"})"), refusal);
  EXPECT_EQ(failure_with(R"({"LogFormat": "Text", "SystemLogLevel": "WARN"})"), refusal);
}

TEST_F(LoggingConfigInputTest, AnUpdateSaysOnlyWhatIsGiven) {
  catalog_.put("f");
  const auto response = send("PUT", "/2015-03-31/functions/f/configuration",
                             R"({"LoggingConfig": {"SystemLogLevel": "DEBUG"}})");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto& change = catalog_.config_change->logging;
  EXPECT_EQ(change.system_level, model::LogLevel::debug);
  EXPECT_FALSE(change.format || change.application_level || change.group);
}

}  // namespace
}  // namespace proa::api
