#include "oci/oci.h"
#include "unit/oci/archive_builder.h"

#include <gmock/gmock.h>

namespace proa::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ReadImagesTest : public ArchiveTest {
 protected:
  Result<std::vector<Image>> read(const std::vector<Node>& nodes, Packing packing = Packing::none) {
    return read_images(write(tar_of(nodes, packing)), "amd64", Limits());
  }
  /// Why an archive is refused.
  std::string refusal(const std::vector<Node>& nodes) {
    const auto images = read(nodes);
    if (images) return "it is not";
    EXPECT_EQ(images.error().code(), Errc::invalid);
    return images.error().message();
  }

  ImageParts parts_{.layers = {tar_of({{"a", "1"}}), tar_of({{"b", "2"}})}};
};

/// The member whose name begins so.
Node& member_of(std::vector<Node>& nodes, std::size_t index) { return nodes.at(index); }

TEST_F(ReadImagesTest, ReadsAnOciLayout) {
  parts_.packed = {tar_of({{"a", "1"}}, Packing::gzip), tar_of({{"b", "2"}}, Packing::zstd)};
  const auto images = read(layout_of(parts_));
  ASSERT_TRUE(images) << images.error().message();
  ASSERT_EQ(images.value().size(), 1U);
  const Image& image = images.value().front();
  EXPECT_THAT(image.names, ElementsAre("app:1"));
  EXPECT_THAT(image.config.command, ElementsAre("run"));
  ASSERT_EQ(image.layers.size(), 2U);
  EXPECT_EQ(image.layers[0].digest, hex_of(parts_.packed[0]));
  EXPECT_EQ(image.layers[0].diff_id, hex_of(parts_.layers[0]));
  EXPECT_EQ(image.digest.size(), 64U);
}

TEST_F(ReadImagesTest, ReadsWhatDockerSaves) {
  for (const Packing packing : {Packing::none, Packing::gzip}) {
    const auto images = read(saved_of(parts_), packing);
    ASSERT_TRUE(images) << images.error().message();
    const Image& image = images.value().at(0);
    EXPECT_THAT(image.names, ElementsAre("app:1"));
    EXPECT_EQ(image.digest, hex_of(config_of(parts_)));
    EXPECT_EQ(image.layers.at(1).member, "1/layer.tar");
  }
}

TEST_F(ReadImagesTest, NamesTheSameFilesTheSameWhateverTheArchive) {
  const auto layout = read(layout_of(parts_)).value().at(0);
  const auto saved = read(saved_of(parts_)).value().at(0);
  EXPECT_EQ(layout.tree_id(), saved.tree_id());
  std::swap(parts_.layers[0], parts_.layers[1]);
  EXPECT_NE(read(saved_of(parts_)).value().at(0).tree_id(), saved.tree_id());
}

TEST_F(ReadImagesTest, TakesWholeNamesFromManifestJson) {
  auto nodes = layout_of(parts_);
  nodes.push_back({"manifest.json", R"([{"Config": "blobs/sha256/)" + hex_of(config_of(parts_)) +
                                        R"(", "RepoTags": ["registry/app:2"], "Layers": []}])"});
  EXPECT_THAT(read(nodes).value().at(0).names, ElementsAre("registry/app:2"));
}

TEST_F(ReadImagesTest, RefusesOtherArchitectures) {
  parts_.architecture = "arm64";
  EXPECT_EQ(refusal(layout_of(parts_)), "The image is for arm64, and this host is amd64");
  EXPECT_EQ(refusal(saved_of(parts_)), "The image is for arm64, and this host is amd64");
  EXPECT_TRUE(read_images(write(tar_of(saved_of(parts_))), "", Limits()));
}

TEST_F(ReadImagesTest, RefusesDocumentsThatAreNotWhatTheirDigestSays) {
  auto nodes = layout_of(parts_);
  member_of(nodes, nodes.size() - 1).data += " ";
  EXPECT_THAT(refusal(nodes), HasSubstr("another SHA-256"));
  nodes = layout_of(parts_);
  member_of(nodes, nodes.size() - 2).data += " ";
  EXPECT_THAT(refusal(nodes), HasSubstr("another SHA-256"));
  auto saved = saved_of(parts_);
  member_of(saved, 0).data += " ";
  EXPECT_THAT(refusal(saved), HasSubstr("is damaged"));
}

TEST_F(ReadImagesTest, SaysWhatIsMissing) {
  auto nodes = layout_of(parts_);
  nodes.pop_back();
  EXPECT_THAT(refusal(nodes), HasSubstr("The archive lacks blobs/sha256/"));
  EXPECT_THAT(refusal({{"a", "b"}}), HasSubstr("This is no image"));
  const auto text = read_images(write("no archive"), "amd64", Limits());
  EXPECT_EQ(text.error().code(), Errc::invalid);
  EXPECT_EQ(read_images(folder_ / "none", "amd64", Limits()).error().code(), Errc::not_found);
}

TEST_F(ReadImagesTest, RefusesDocumentsWithoutEndAndTooManyLayers) {
  Limits small;
  small.document_bytes_max = 10;
  const auto path = write(tar_of(layout_of(parts_)));
  EXPECT_EQ(read_images(path, "amd64", small).error().code(), Errc::too_large);
  Limits one_layer;
  one_layer.layers_max = 1;
  EXPECT_EQ(read_images(path, "amd64", one_layer).error().code(), Errc::invalid);
}

TEST_F(ReadImagesTest, RefusesIndexesInIndexesWithoutEnd) {
  // An index cannot name itself, but a chain of them can be long.
  std::string text = R"({"manifests": []})";
  std::vector<Node> nodes;
  for (int i = 0; i < 5; ++i) {
    nodes.push_back(blob_of(text));
    text = R"({"manifests": [{"mediaType": "application/vnd.oci.image.index.v1+json",
              "digest": "sha256:)" +
           hex_of(text) + R"("}]})";
  }
  nodes.push_back({"index.json", text});
  EXPECT_THAT(refusal(nodes), HasSubstr("too many levels"));
}

}  // namespace
}  // namespace proa::oci
