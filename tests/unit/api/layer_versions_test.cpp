#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr const char* kLayers = "/2018-10-31/layers";
const std::string kLayerArnStart = "arn:aws:lambda:us-east-1:000000000000:layer:";

class LayerVersionsTest : public ApiTest {
 protected:
  void publish(const std::string& name, const std::string& more = "") {
    const auto answer = send("POST", std::string(kLayers) + "/" + name + "/versions",
                             R"({"Content":{"ZipFile":"emlw"})" + more + "}");
    ASSERT_EQ(answer.status, 201) << answer.body;
  }
  static std::vector<std::int64_t> versions(const json::object& answer) {
    std::vector<std::int64_t> numbers;
    for (const auto& one : answer.at("LayerVersions").as_array()) {
      numbers.push_back(one.as_object().at("Version").as_int64());
    }
    return numbers;
  }
};

TEST_F(LayerVersionsTest, GetsAVersionByNameByArnAndByItsOwnArn) {
  publish("libs");
  publish("libs");
  const std::string encoded = http::percent_encode(kLayerArnStart + "libs");
  for (const std::string& path :
       {std::string("/libs/versions/2"), "/" + encoded + "/versions/2/",
        "?find=LayerVersion&Arn=" + http::percent_encode(kLayerArnStart + "libs:2")}) {
    const auto answer = send("GET", kLayers + path);
    ASSERT_EQ(answer.status, 200) << path << answer.body;
    EXPECT_EQ(text(body_of(answer), "LayerVersionArn"), kLayerArnStart + "libs:2");
  }
}

TEST_F(LayerVersionsTest, TheContentCanBeFetched) {
  publish("libs");
  const json::object answer = body_of(send("GET", std::string(kLayers) + "/libs/versions/1"));
  const std::string url = text(answer.at("Content").as_object(), "Location");
  EXPECT_EQ(send("GET", url.substr(std::string("http://127.0.0.1:9600").size())).body, "the zip");
}

TEST_F(LayerVersionsTest, UnknownVersionsAreNotFound) {
  const std::string missing =
      "404 ResourceNotFoundException User Message=The resource you requested does not exist.";
  publish("libs");
  EXPECT_EQ(failure(send("GET", std::string(kLayers) + "/libs/versions/2")), missing);
  EXPECT_EQ(failure(send("GET", std::string(kLayers) + "/none/versions/1")), missing);
  EXPECT_EQ(failure(send("GET", kLayers + ("?find=LayerVersion&Arn=" + kLayerArnStart + "none:1"))),
            missing);
  EXPECT_EQ(failure(send("GET", std::string(kLayers) + "/libs/versions/0")),
            "400 InvalidParameterValueException User message=Layer Version Cannot be less than 1");
}

TEST_F(LayerVersionsTest, RefusesWhatIsNoArnOfAVersion) {
  EXPECT_TRUE(failure(send("GET", std::string(kLayers) + "?find=LayerVersion&Arn=libs"))
                  .starts_with("400 ValidationException message=1 validation error detected: Value "
                               "'libs' at 'arn' failed to satisfy constraint: Member must satisfy "
                               "regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:"));
  EXPECT_TRUE(failure(send("GET", std::string(kLayers) + "?find=LayerVersion"))
                  .ends_with("Value null at 'arn' failed to satisfy constraint: Member must not be "
                             "null"));
}

TEST_F(LayerVersionsTest, ListsVersionsNewestFirstInPages) {
  for (int i = 0; i < 3; ++i) publish("libs");
  const std::string path = std::string(kLayers) + "/libs/versions?MaxItems=2";
  const json::object first = body_of(send("GET", path));
  EXPECT_EQ(versions(first), (std::vector<std::int64_t>{3, 2}));
  const json::object second =
      body_of(send("GET", path + "&Marker=" + http::percent_encode(text(first, "NextMarker"))));
  EXPECT_EQ(versions(second), (std::vector<std::int64_t>{1}));
  EXPECT_FALSE(second.contains("NextMarker"));
  EXPECT_EQ(send("GET", std::string(kLayers) + "/none/versions").body, R"({"LayerVersions":[]})");
  EXPECT_EQ(failure(send("GET", path + "&Marker=eA==")),
            "400 InvalidParameterValueException User message=The Marker 'eA==' is not one of "
            "ListLayerVersions");
}

TEST_F(LayerVersionsTest, ListsEachLayerWithItsNewestMatchingVersion) {
  publish("a", R"(,"CompatibleRuntimes":["python3.12"])");
  publish("a", R"(,"CompatibleRuntimes":["nodejs20.x"])");
  publish("b");
  const json::object all = body_of(send("GET", std::string(kLayers) + "/"));
  ASSERT_EQ(all.at("Layers").as_array().size(), 2U);
  const json::object& a = all.at("Layers").as_array()[0].as_object();
  EXPECT_EQ(text(a, "LayerName"), "a");
  EXPECT_EQ(text(a, "LayerArn"), kLayerArnStart + "a");
  EXPECT_EQ(text(a.at("LatestMatchingVersion").as_object(), "LayerVersionArn"),
            kLayerArnStart + "a:2");
  const json::object python =
      body_of(send("GET", std::string(kLayers) + "?CompatibleRuntime=python3.12"));
  ASSERT_EQ(python.at("Layers").as_array().size(), 1U);
  EXPECT_EQ(text(python.at("Layers").as_array()[0].at("LatestMatchingVersion").as_object(),
                 "LayerVersionArn"),
            kLayerArnStart + "a:1");
  const json::object first = body_of(send("GET", std::string(kLayers) + "?MaxItems=1"));
  const json::object second =
      body_of(send("GET", std::string(kLayers) + "?MaxItems=1&Marker=" +
                              http::percent_encode(text(first, "NextMarker"))));
  EXPECT_EQ(text(second.at("Layers").as_array()[0].as_object(), "LayerName"), "b");
}

TEST_F(LayerVersionsTest, RefusesUnknownFilters) {
  EXPECT_TRUE(failure(send("GET", std::string(kLayers) + "?CompatibleRuntime=cobol"))
                  .find("Value 'cobol' at 'compatibleRuntime' failed to satisfy constraint: Member "
                        "must satisfy enum value set: [nodejs") != std::string::npos);
  EXPECT_TRUE(failure(send("GET", std::string(kLayers) + "?CompatibleArchitecture=mips"))
                  .ends_with("satisfy enum value set: [x86_64, arm64]"));
}

TEST_F(LayerVersionsTest, DeletesWithoutAWord) {
  const auto answer = send("DELETE", std::string(kLayers) + "/libs/versions/7");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(catalog_.deleted, std::vector<std::string>{"libs:7"});
}

}  // namespace
}  // namespace proa::api
