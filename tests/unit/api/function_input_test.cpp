#include "unit/api/create_requests.h"

namespace proa::api {
namespace {

class FunctionInputTest : public CreateFunctionTest {};

TEST_F(FunctionInputTest, RefusesMembersOutsideTheirConstraints) {
  EXPECT_EQ(with("Role", "\"r1\""),
            validation("Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy "
                       "regular expression pattern: "
                       "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"));
  EXPECT_EQ(with("MemorySize", "127"),
            validation("Value '127' at 'memorySize' failed to satisfy constraint: Member must have "
                       "value greater than or equal to 128"));
  EXPECT_EQ(
      with("MemorySize", "10241"),
      validation("Value '10241' at 'memorySize' failed to satisfy constraint: Member must have "
                 "value less than or equal to 10240"));
  EXPECT_EQ(
      with("Timeout", "0"),
      validation("Value '0' at 'timeout' failed to satisfy constraint: Member must have value "
                 "greater than or equal to 1"));
  EXPECT_EQ(with("Timeout", "901"),
            validation("Value '901' at 'timeout' failed to satisfy constraint: Member must have "
                       "value less than or equal to 900"));
  EXPECT_EQ(
      with("EphemeralStorage", R"({"Size": 511})"),
      validation("Value '511' at 'ephemeralStorage.size' failed to satisfy constraint: Member "
                 "must have value greater than or equal to 512"));
  EXPECT_EQ(with("EphemeralStorage", "{}"),
            validation("Value null at 'ephemeralStorage.size' failed to satisfy constraint: Member "
                       "must not be null"));
  EXPECT_EQ(with("Handler", "\"a b\""),
            validation("Value 'a b' at 'handler' failed to satisfy constraint: Member must satisfy "
                       "regular expression pattern: [^\\s]+"));
  EXPECT_EQ(with("PackageType", "\"Tar\""),
            validation("Value 'Tar' at 'packageType' failed to satisfy constraint: Member must "
                       "satisfy enum value set: [Image, Zip]"));
  EXPECT_EQ(with("Architectures", "[]"),
            validation("Value '[]' at 'architectures' failed to satisfy constraint: Member must "
                       "have length greater than or equal to 1"));
  EXPECT_EQ(with("Architectures", R"(["x86_64","arm64"])"),
            validation("Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: "
                       "Member must have length less than or equal to 1"));
  EXPECT_EQ(with("Architectures", R"(["X86_64"])"),
            validation("Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member "
                       "must satisfy constraint: [Member must satisfy enum value set: [x86_64, "
                       "arm64], Member must not be null]"));
  EXPECT_NE(with("Description", ("\"" + std::string(257, 'd') + "\"").c_str())
                .find("less than or equal to 256"),
            std::string::npos);
  EXPECT_NE(with("Handler", ("\"" + std::string(129, 'h') + "\"").c_str())
                .find("less than or equal to 128"),
            std::string::npos);
  EXPECT_EQ(
      with("Environment", R"({"Variables": {"1x": "v"}})"),
      validation("Value '{1x=v}' at 'environment.variables' failed to satisfy constraint: Map "
                 "keys must satisfy constraint: [Member must satisfy regular expression "
                 "pattern: [a-zA-Z]([a-zA-Z0-9_])+, Member must not be null]"));
}

TEST_F(FunctionInputTest, RefusesReservedAndTooManyVariables) {
  EXPECT_EQ(
      with("Environment", R"({"Variables": {"AWS_REGION": "x", "OK": "y", "_HANDLER": "z"}})"),
      invalid("Lambda was unable to configure your environment variables because the "
              "environment variables you have provided contains reserved keys that are "
              "currently not supported for modification. Reserved keys used in this request: "
              "AWS_REGION, _HANDLER"));
  const std::string large = R"({"Variables": {"BIG": ")" + std::string(4096, 'x') + "\"}}";
  EXPECT_TRUE(
      with("Environment", large.c_str())
          .starts_with(invalid("Lambda was unable to configure your environment variables "
                               "because the environment variables you have provided exceeded "
                               "the 4KB limit. String measured: {\"BIG\":\"xxx")));
}

TEST_F(FunctionInputTest, RefusesBadCode) {
  EXPECT_EQ(with("Code", R"({"S3Bucket": "b", "S3Key": "k"})"),
            validation("Value 'b' at 'code.s3Bucket' failed to satisfy constraint: Member must "
                       "satisfy regular expression pattern: [0-9A-Za-z\\.\\-_]*(?<!\\.)"));
  EXPECT_EQ(with("Code", R"({"S3Key": "k"})"),
            invalid("Please provide both Code.S3Bucket and Code.S3Key as the source of the code."));
  EXPECT_EQ(with("Code", R"({"S3Bucket": "bucket", "S3Key": "k", "S3ObjectVersion": "1"})"),
            invalid("Code.S3ObjectVersion is not supported by Proa yet"));
  EXPECT_EQ(with("Code", R"({"ImageUri": "i"})"),
            invalid("Please provide a source for function code."));
  EXPECT_EQ(with("Code", R"({"ImageUri": "i", "ZipFile": "UEs="})"),
            invalid("Please do not provide other sources of the code beside Code.ImageUri."));
  EXPECT_EQ(with("Code", "{}"), invalid("Please provide a source for function code."));
  EXPECT_EQ(with("Code", R"({"ZipFile": ""})"), invalid("Uploaded file must be a non-empty zip"));
  EXPECT_EQ(with("Code", R"({"ZipFile": "***"})"),
            invalid("The value of Code.ZipFile is not valid base64"));
}

TEST_F(FunctionInputTest, RefusesWhatDoesNotGoWithAnImage) {
  const std::string intended = invalid(
      "Please don't provide Handler or Runtime or Layer when the intended function "
      "PackageType is Image.");
  EXPECT_EQ(with("PackageType", "\"Image\""), intended);
  body_["PackageType"] = "Image";
  body_.erase("Runtime");
  EXPECT_EQ(failure(create()), intended);
  body_.erase("Handler");
  EXPECT_EQ(failure(create()),
            invalid("Please provide ImageUri when creating a function with packageType Image."));
  body_["Code"] = json::object{{"ImageUri", "app:1"}};
  EXPECT_EQ(with("Layers", R"(["arn:aws:lambda:us-east-1:000000000000:layer:l:1"])"), intended);
  EXPECT_NE(
      with("ImageConfig", (R"({"WorkingDirectory": ")" + std::string(1001, 'd') + "\"}").c_str())
          .find("less than or equal to 1000"),
      std::string::npos);
  EXPECT_EQ(create().status, 201);
}

TEST_F(FunctionInputTest, RefusesAnArchiveOver50Megabytes) {
  json::object code;
  code["ZipFile"] = to_base64(std::string(52428801, 'z'));
  body_["Code"] = std::move(code);
  EXPECT_EQ(failure(create()),
            "413 RequestEntityTooLargeException message=Zipped size must be smaller than 52428800 "
            "bytes");
}

TEST_F(FunctionInputTest, RefusesWhatIsNotSupportedYetByName) {
  const auto unsupported = [](const std::string& what) {
    return invalid(what + " is not supported by Proa yet");
  };
  EXPECT_EQ(with("VpcConfig", R"({"SubnetIds": ["subnet-1"]})"), unsupported("VpcConfig"));
  EXPECT_EQ(with("DeadLetterConfig", R"({"TargetArn": "arn:aws:sqs:x:y:z"})"),
            unsupported("DeadLetterConfig"));
  EXPECT_EQ(with("KMSKeyArn", "\"arn:aws:kms:x\""), unsupported("KMSKeyArn"));
  EXPECT_EQ(with("FileSystemConfigs", R"([{"Arn": "a"}])"), unsupported("FileSystemConfigs"));
  EXPECT_EQ(with("TracingConfig", R"({"Mode": "Active"})"),
            unsupported("TracingConfig.Mode Active"));
  EXPECT_EQ(with("SnapStart", R"({"ApplyOn": "PublishedVersions"})"),
            unsupported("SnapStart.ApplyOn PublishedVersions"));
  const std::string other = ApiOptions().architecture == "x86_64" ? "arm64" : "x86_64";
  EXPECT_NE(
      with("Architectures", ("[\"" + other + "\"]").c_str()).find("The architecture " + other),
      std::string::npos);
}

}  // namespace
}  // namespace proa::api
