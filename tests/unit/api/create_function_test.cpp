#include "unit/api/create_requests.h"

namespace proa::api {
namespace {

TEST_F(CreateFunctionTest, AnswersTheFullConfiguration) {
  const auto response = create();
  ASSERT_EQ(response.status, 201) << response.body;
  json::object expected = json::parse(R"({
      "FunctionName": "f",
      "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
      "Runtime": "python3.12", "Role": "arn:aws:iam::000000000000:role/r",
      "Handler": "app.handler", "CodeSize": 9, "Description": "", "Timeout": 3,
      "MemorySize": 128, "LastModified": "2025-01-01T00:00:00.123+0000", "Version": "$LATEST",
      "TracingConfig": {"Mode": "PassThrough"}, "RevisionId": "r1", "State": "Pending",
      "StateReason": "The function is being created.", "StateReasonCode": "Creating",
      "PackageType": "Zip", "EphemeralStorage": {"Size": 512},
      "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
      "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}})")
                              .as_object();
  json::object answer = body_of(response);
  expected["CodeSha256"] = to_base64(as_chars(sha256("zip bytes")));
  expected["Architectures"] = json::array{json::value(ApiOptions().architecture)};
  const std::string runtime_arn =
      text(answer.at("RuntimeVersionConfig").as_object(), "RuntimeVersionArn");
  EXPECT_TRUE(runtime_arn.starts_with("arn:aws:lambda:us-east-1::runtime:"));
  answer.erase("RuntimeVersionConfig");
  EXPECT_EQ(answer, expected) << json::serialize(answer);
  EXPECT_EQ(catalog_.created->zip, "zip bytes");
}

TEST_F(CreateFunctionTest, PassesEverySupportedMemberOn) {
  body_["Description"] = "d";
  body_["Timeout"] = 900;
  body_["MemorySize"] = 10240;
  body_["EphemeralStorage"] = json::parse(R"({"Size": 10240})");
  body_["Environment"] = json::parse(R"({"Variables": {"KEY_1": "v"}})");
  body_["Layers"] = json::parse(R"(["arn:aws:lambda:us-east-1:000000000000:layer:l:1"])");
  body_["Tags"] = json::parse(R"({"team": "a", "proa:idle": "freeze=1s"})");
  body_["Architectures"] = json::array{json::value(ApiOptions().architecture)};
  body_["PackageType"] = "Zip";
  body_["Publish"] = false;
  body_["VpcConfig"] = json::parse(R"({"SubnetIds": [], "SecurityGroupIds": []})");
  body_["TracingConfig"] = json::parse(R"({"Mode": "PassThrough"})");
  body_["SnapStart"] = json::parse(R"({"ApplyOn": "None"})");
  body_["LoggingConfig"] = json::parse(R"({"LogFormat": "Text", "LogGroup": "/aws/lambda/f"})");
  const auto response = create();
  ASSERT_EQ(response.status, 201) << response.body;
  const auto& config = catalog_.created->config;
  EXPECT_EQ(config.description, "d");
  EXPECT_EQ(config.timeout, std::chrono::seconds(900));
  EXPECT_EQ(config.memory_mib, 10240U);
  EXPECT_EQ(config.ephemeral_storage_mib, 10240U);
  EXPECT_EQ(config.environment.at("KEY_1"), "v");
  EXPECT_EQ(catalog_.created->layer_arns.size(), 1U);
  EXPECT_EQ(catalog_.created->tags.at("team"), "a");
  EXPECT_EQ(json::serialize(body_of(response).at("Environment")), R"({"Variables":{"KEY_1":"v"}})");
}

TEST_F(CreateFunctionTest, MakesAFunctionOfAnImage) {
  body_["PackageType"] = "Image";
  body_["Code"] = json::object{{"ImageUri", "app:1"}};
  body_["ImageConfig"] = json::parse(R"({"Command": ["a"], "WorkingDirectory": "/w"})");
  body_.erase("Runtime");
  body_.erase("Handler");
  const auto response = create();
  ASSERT_EQ(response.status, 201) << response.body;
  EXPECT_EQ(catalog_.created->image_uri, "app:1");
  const auto& image = catalog_.created->config.image;
  ASSERT_TRUE(image && image->overrides);
  EXPECT_EQ(image->overrides->command, std::vector<std::string>{"a"});
  EXPECT_FALSE(image->overrides->entry_point);
  const json::object answer = body_of(response);
  EXPECT_EQ(text(answer, "PackageType"), "Image");
  EXPECT_EQ(json::serialize(answer.at("ImageConfigResponse")),
            R"({"ImageConfig":{"Command":["a"],"WorkingDirectory":"/w"}})");
  for (const char* absent : {"Runtime", "Handler", "RuntimeVersionConfig"}) {
    EXPECT_FALSE(answer.contains(absent)) << absent;
  }
}

TEST_F(CreateFunctionTest, ImageConfigIsForImages) {
  EXPECT_EQ(with("ImageConfig", R"({"Command": ["a"]})"),
            invalid("Please don't provide ImageConfig when the intended function PackageType is "
                    "Zip."));
}

TEST_F(CreateFunctionTest, ShowsTheEnvironmentOnlyWhenItWasGiven) {
  EXPECT_FALSE(body_of(create()).contains("Environment"));
  body_["Environment"] = json::object();
  EXPECT_EQ(json::serialize(body_of(create()).at("Environment")), R"({"Variables":{}})");
}

TEST_F(CreateFunctionTest, TakesAnArnAsTheName) {
  body_["FunctionName"] = "arn:aws:lambda:us-east-1:000000000000:function:g";
  EXPECT_EQ(text(body_of(create()), "FunctionName"), "g");
  EXPECT_NE(with("FunctionName", "\"g:1\"").find("must not have a qualifier"), std::string::npos);
}

TEST_F(CreateFunctionTest, ReportsMissingMembersTogether) {
  body_.erase("Role");
  body_.erase("Code");
  EXPECT_EQ(with("FunctionName", "null"),
            "400 ValidationException message=3 validation errors detected: Value null at "
            "'functionName' failed to satisfy constraint: Member must not be null; Value null at "
            "'role' failed to satisfy constraint: Member must not be null; Value null at 'code' "
            "failed to satisfy constraint: Member must not be null");
}

TEST_F(CreateFunctionTest, RefusesANameThatIsTooLongAsAParameter) {
  const std::string name(65, 'n');
  EXPECT_EQ(
      with("FunctionName", ("\"" + name + "\"").c_str()),
      invalid("1 validation error detected: Value '" + name +
              "' at 'functionName' failed to satisfy constraint: Member must have length less "
              "than or equal to 64"));
}

TEST_F(CreateFunctionTest, WantsRuntimeAndHandlerForAnArchive) {
  EXPECT_EQ(without("Runtime"),
            invalid("Runtime is mandatory for functions created with deployment packages."));
  EXPECT_EQ(without("Handler"),
            invalid("Handler is mandatory for functions created with deployment packages."));
  body_["Runtime"] = "provided.al2023";
  body_.erase("Handler");
  EXPECT_EQ(create().status, 201);
}

TEST_F(CreateFunctionTest, ChecksTags) {
  EXPECT_EQ(with("Tags", R"({"proa:colour": "red"})"),
            invalid("The tag 'proa:colour' is not known. Proa knows proa:isolation, proa:kernel, "
                    "proa:idle, proa:network and proa:runtime"));
  EXPECT_EQ(with("Tags", R"({"proa:network": "host:80"})"),
            invalid("The value 'host:80' of the tag 'proa:network' is not supported by Proa yet"));
  std::string many = "{";
  for (int i = 0; i < 51; ++i) many += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":\"\"";
  EXPECT_EQ(with("Tags", (many + "}").c_str()),
            invalid("Number of tags exceeds resource tag limit."));
}

TEST_F(CreateFunctionTest, RefusesWrongTypesAndBrokenJson) {
  EXPECT_EQ(with("Timeout", "\"3\""),
            "400 SerializationException message=The value of 'Timeout' is not an integer");
  EXPECT_EQ(with("Handler", "3"),
            "400 SerializationException message=The value of 'Handler' is not a string");
  EXPECT_EQ(with("Tags", R"({"a": 1})"),
            "400 SerializationException message=The value of 'Tags' is not an object of strings");
  EXPECT_EQ(with("Code", R"({"ZipFile": 1})"),
            "400 SerializationException message=The value of 'ZipFile' is not a string");
  EXPECT_TRUE(
      failure(send("POST", "/2015-03-31/functions", "{"))
          .starts_with("400 SerializationException message=Could not parse the request body"));
  EXPECT_EQ(failure(send("POST", "/2015-03-31/functions", "[]")),
            "400 SerializationException message=The request body is not a JSON object");
  EXPECT_TRUE(
      failure(send("POST", "/2015-03-31/functions", "")).starts_with("400 ValidationException"));
}

TEST_F(CreateFunctionTest, PassesOnWhatTheCatalogRefuses) {
  catalog_.next_error = Error(Errc::conflict, "Function already exist: f");
  EXPECT_EQ(failure(create()),
            "409 ResourceConflictException User message=Function already exist: f");
  catalog_.next_error =
      Error(Errc::too_large, "Unzipped size must be smaller than 262144000 bytes");
  EXPECT_EQ(failure(create()), invalid("Unzipped size must be smaller than 262144000 bytes"));
  catalog_.next_error =
      Error(Errc::invalid,
            "Could not unzip uploaded file. Please check your file, then try to upload again.");
  EXPECT_EQ(
      failure(create()),
      invalid("Could not unzip uploaded file. Please check your file, then try to upload again."));
  catalog_.next_error = Error(Errc::os, "write blob: No space left on device");
  EXPECT_EQ(failure(create()),
            "500 ServiceException Server Message=write blob: No space left on device");
}

TEST_F(CreateFunctionTest, RefusesARequestThatIsTooLarge) {
  http::Request request;
  request.method = "POST";
  request.target = "/2015-03-31/functions";
  request.is_body_too_large = true;
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_EQ(api_->body_limit(request), 70167211U);
  EXPECT_EQ(
      failure(serve(request)),
      "413 RequestEntityTooLargeException message=Request must be smaller than 70167211 bytes "
      "for the CreateFunction operation");
}

}  // namespace
}  // namespace proa::api
