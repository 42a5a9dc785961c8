#include "oci/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proa::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kDigest(64, 'a');

TEST(Documents, ReadsAnIndex) {
  const auto index = parse_index(R"({"manifests": [
    {"digest": "sha256:)" + kDigest +
                                 R"(", "platform": {"architecture": "arm64"},
     "annotations": {"org.opencontainers.image.ref.name": "app:1", "other": 1}},
    {"digest": "sha256:)" + kDigest +
                                 R"(",
     "mediaType": "application/vnd.oci.image.index.v1+json",
     "annotations": {"io.containerd.image.name": "docker.io/library/app:1",
                     "org.opencontainers.image.ref.name": "1"}}]})");
  ASSERT_TRUE(index) << index.error().message();
  ASSERT_EQ(index.value().size(), 2U);
  EXPECT_EQ(index.value()[0].digest, kDigest);
  EXPECT_EQ(index.value()[0].architecture, "arm64");
  EXPECT_THAT(index.value()[0].names, ElementsAre("app:1"));
  EXPECT_FALSE(index.value()[0].is_index);
  EXPECT_TRUE(index.value()[1].is_index);
  EXPECT_THAT(index.value()[1].names, ElementsAre("docker.io/library/app:1"));
}

TEST(Documents, RefusesIndexesThatAreNone) {
  for (const char* text :
       {"", "[]", "{}", R"({"manifests": {}})", R"({"manifests": [1]})",
        R"({"manifests": [{"digest": "md5:0"}]})",
        R"({"manifests": [{"digest": "sha256:../../x"}]})", R"({"manifests": [{}]})"}) {
    const auto index = parse_index(text);
    ASSERT_FALSE(index) << text;
    EXPECT_EQ(index.error().code(), Errc::invalid);
    EXPECT_THAT(index.error().message(), HasSubstr("index"));
  }
}

TEST(Documents, RefusesDocumentsThatAreTooDeep) {
  EXPECT_FALSE(parse_index(std::string(1000, '[')));
  EXPECT_FALSE(parse_config(R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}"));
}

TEST(Documents, ReadsAManifest) {
  const std::string other(64, 'b');
  const auto manifest = parse_manifest(R"({"config": {"digest": "sha256:)" + kDigest +
                                       R"("}, "layers": [{"digest": "sha256:)" + other + R"("}]})");
  ASSERT_TRUE(manifest) << manifest.error().message();
  EXPECT_EQ(manifest.value().config.digest, kDigest);
  EXPECT_EQ(manifest.value().layers.at(0).digest, other);
  EXPECT_FALSE(parse_manifest(R"({"layers": []})"));
  EXPECT_FALSE(parse_manifest(R"({"config": {"digest": "sha256:)" + kDigest + R"("}})"));
}

TEST(Documents, ReadsWhatDockerSaves) {
  const auto saved =
      parse_saved_images(R"([{"Config": "c.json", "RepoTags": null, "Layers": ["a/layer.tar"]}])");
  ASSERT_TRUE(saved) << saved.error().message();
  EXPECT_EQ(saved.value().at(0).config, "c.json");
  EXPECT_THAT(saved.value().at(0).names, IsEmpty());
  EXPECT_THAT(saved.value().at(0).layers, ElementsAre("a/layer.tar"));
  for (const char* text : {"{}", "[1]", "[{}]", R"([{"Config": "c", "Layers": [1]}])"}) {
    EXPECT_FALSE(parse_saved_images(text)) << text;
  }
}

TEST(Documents, ReadsAConfig) {
  const auto read = parse_config(R"({"architecture": "amd64", "os": "linux", "config":
    {"Entrypoint": ["/e"], "Cmd": ["a", "b"], "Env": ["A=1"], "WorkingDir": "/w", "User": "u"},
    "rootfs": {"diff_ids": ["sha256:)" +
                                 kDigest + R"("]}, "history": []})");
  ASSERT_TRUE(read) << read.error().message();
  const Config& config = read.value().config;
  EXPECT_EQ(config.architecture, "amd64");
  EXPECT_THAT(config.entry_point, ElementsAre("/e"));
  EXPECT_THAT(config.command, ElementsAre("a", "b"));
  EXPECT_THAT(config.environment, ElementsAre("A=1"));
  EXPECT_EQ(config.working_directory, "/w");
  EXPECT_EQ(config.user, "u");
  EXPECT_THAT(read.value().diff_ids, ElementsAre(kDigest));
}

TEST(Documents, RefusesConfigsThatAreNone) {
  for (const char* text :
       {"{}", R"({"rootfs": {"diff_ids": ["x"]}})", R"({"rootfs": {}, "config": {"Cmd": "run"}})",
        R"({"rootfs": {}, "config": {"Cmd": ["a\u0000b"]}})",
        R"({"rootfs": {}, "config": {"WorkingDir": "/\u0000"}})"}) {
    EXPECT_FALSE(parse_config(text)) << text;
  }
  EXPECT_TRUE(parse_config(R"({"rootfs": {}, "config": {"Cmd": null}})"));
}

}  // namespace
}  // namespace proa::oci
