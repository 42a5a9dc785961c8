#include "unit/api/fakes.h"

namespace proa::api {
namespace {

constexpr const char* kLibsVersionsPath = "/2018-10-31/layers/libs/versions";

class PublishLayerVersionTest : public ApiTest {
 protected:
  std::string refused(const std::string& body) {
    return failure(send("POST", kLibsVersionsPath, body));
  }
};

TEST_F(PublishLayerVersionTest, AnswersWithTheVersionAndWhereItIs) {
  const auto answer = send("POST", kLibsVersionsPath,
                           R"({"Description":"d","LicenseInfo":"MIT","Content":{"ZipFile":"emlw"},
                               "CompatibleRuntimes":["python3.12","ruby3.3"],
                               "CompatibleArchitectures":["x86_64","arm64"]})");
  ASSERT_EQ(answer.status, 201) << answer.body;
  const auto layer = catalog_.layers.at("libs").at(0);
  EXPECT_EQ(layer->code_size, 3U);
  EXPECT_EQ(layer->compatible_runtimes, (std::vector<std::string>{"python3.12", "ruby3.3"}));
  const auto body = body_of(answer);
  EXPECT_EQ(text(body, "LayerVersionArn"), "arn:aws:lambda:us-east-1:000000000000:layer:libs:1");
  EXPECT_EQ(text(body.at("Content").as_object(), "Location"),
            "http://127.0.0.1:9600/proa/v1/layers/libs/versions/1/content");
}

TEST_F(PublishLayerVersionTest, NeedsContent) {
  EXPECT_EQ(refused("{}"),
            "400 ValidationException message=1 validation error detected: Value null at 'content' "
            "failed to satisfy constraint: Member must not be null");
  EXPECT_TRUE(refused(R"({"Content":{}})").starts_with("400 InvalidParameterValueException"));
}

TEST_F(PublishLayerVersionTest, ChecksTheLists) {
  const std::string content = R"({"Content":{"ZipFile":"emlw"},)";
  EXPECT_TRUE(refused(content + R"("CompatibleRuntimes":["python3.12","cobol"]})")
                  .find("Value '[python3.12, cobol]' at 'compatibleRuntimes' failed to satisfy "
                        "constraint: Member must satisfy enum value set: [") != std::string::npos);
  EXPECT_TRUE(
      refused(content + R"("CompatibleArchitectures":["mips"]})")
          .ends_with("Value '[mips]' at 'compatibleArchitectures' failed to satisfy constraint: "
                     "Member must satisfy constraint: [Member must satisfy enum value set: "
                     "[x86_64, arm64]]"));
  EXPECT_TRUE(refused(content + R"("CompatibleArchitectures":["arm64","x86_64","arm64"]})")
                  .ends_with("have length less than or equal to 2"));
}

TEST_F(PublishLayerVersionTest, ChecksLengths) {
  EXPECT_TRUE(
      refused(R"({"Content":{"ZipFile":"emlw"},"Description":")" + std::string(257, 'x') + "\"}")
          .ends_with("have length less than or equal to 256"));
  EXPECT_TRUE(
      refused(R"({"Content":{"ZipFile":"emlw"},"LicenseInfo":")" + std::string(513, 'x') + "\"}")
          .ends_with("have length less than or equal to 512"));
}

}  // namespace
}  // namespace proa::api
