#include "unit/api/fakes.h"

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr const char* kUrl = "/2021-10-31/functions/f/url";

class FunctionUrlsTest : public ApiTest {
 protected:
  FunctionUrlsTest() { catalog_.put("f"); }
};

TEST_F(FunctionUrlsTest, AreMadeReadChangedListedAndRemoved) {
  auto response = send("POST", kUrl, R"({"AuthType": "NONE", "Cors": {"MaxAge": 5}})");
  EXPECT_EQ(response.status, 201);
  const auto body = body_of(response);
  EXPECT_EQ(text(body, "FunctionUrl"),
            "http://" + kUrlId + ".lambda-url.us-east-1.localhost:9600/");
  EXPECT_EQ(text(body, "FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(text(body, "AuthType"), "NONE");
  EXPECT_EQ(body.at("Cors"), json::parse(R"({"MaxAge": 5})"));
  EXPECT_EQ(text(body, "CreationTime"), "2025-01-01T00:00:00.123Z");
  EXPECT_EQ(text(body, "InvokeMode"), "BUFFERED");
  EXPECT_EQ(body_of(send("GET", kUrl)), body);
  response = send("PUT", kUrl, R"({"AuthType": "AWS_IAM"})");
  EXPECT_EQ(text(body_of(response), "AuthType"), "AWS_IAM");
  EXPECT_TRUE(body_of(response).contains("Cors")) << "it was not asked for";
  const auto listed = body_of(send("GET", "/2021-10-31/functions/f/urls"));
  EXPECT_EQ(listed.at("FunctionUrlConfigs").as_array().size(), 1U);
  EXPECT_EQ(send("DELETE", kUrl).status, 204);
  EXPECT_EQ(failure(send("GET", kUrl)),
            "404 ResourceNotFoundException User Message=The resource you requested does not "
            "exist.");
}

TEST_F(FunctionUrlsTest, OfAnAliasHaveItsArn) {
  send("POST", "/2015-03-31/functions/f/aliases",
       R"({"Name": "prod", "FunctionVersion": "$LATEST"})");
  const auto made = send("POST", std::string(kUrl) + "?Qualifier=prod", R"({"AuthType": "NONE"})");
  EXPECT_EQ(text(body_of(made), "FunctionArn"),
            "arn:aws:lambda:us-east-1:000000000000:function:f:prod");
  send("POST", std::string(kUrl) + "?Qualifier=%24LATEST", R"({"AuthType": "NONE"})");
  const auto page = body_of(send("GET", "/2021-10-31/functions/f/urls?MaxItems=1"));
  EXPECT_EQ(text(page.at("FunctionUrlConfigs").at(0).as_object(), "FunctionArn"),
            "arn:aws:lambda:us-east-1:000000000000:function:f");
  const auto rest =
      body_of(send("GET", "/2021-10-31/functions/f/urls?Marker=" + text(page, "NextMarker")));
  EXPECT_EQ(text(rest.at("FunctionUrlConfigs").at(0).as_object(), "FunctionArn"),
            "arn:aws:lambda:us-east-1:000000000000:function:f:prod");
}

TEST_F(FunctionUrlsTest, RefuseBadInputByName) {
  EXPECT_EQ(failure(send("POST", kUrl, "{}")),
            "400 ValidationException message=1 validation error detected: Value null at 'authType' "
            "failed to satisfy constraint: Member must not be null");
  EXPECT_EQ(failure(send("POST", std::string(kUrl) + "?Qualifier=1", R"({"AuthType": "NONE"})"))
                .substr(0, 73),
            "400 ValidationException message=1 validation error detected: Value '1' at");
  EXPECT_EQ(failure(send("POST", kUrl, R"({"AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"})")),
            "400 InvalidParameterValueException User message=InvokeMode RESPONSE_STREAM is not "
            "supported by Proa yet");
  EXPECT_FALSE(catalog_.records.at("f").urls.contains("$LATEST"));
}

}  // namespace
}  // namespace proa::api
