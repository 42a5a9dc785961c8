#include "oci/oci.h"
#include "os/file.h"
#include "unit/oci/archive_builder.h"

#include <gmock/gmock.h>

namespace proa::oci {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Unpacks an image of layers into a folder.
class UnpackTest : public ArchiveTest {
 protected:
  Result<Unpacked> unpack_layers(const std::vector<std::vector<Node>>& layers) {
    ImageParts parts;
    for (const auto& layer : layers) parts.layers.push_back(tar_of(layer));
    return unpack_nodes(saved_of(parts));
  }
  Result<Unpacked> unpack_nodes(const std::vector<Node>& nodes) {
    const auto path = write(tar_of(nodes));
    TRY(const auto images, read_images(path, "amd64", limits_));
    TRY(const auto root, os::open_file(root_, O_RDONLY | O_DIRECTORY));
    return unpack(path, images.at(0), root.get(), files_, limits_);
  }
  void SetUp() override {
    ArchiveTest::SetUp();
    root_ = folder_ / "root";
  }
  std::string text_of(const std::string& path) const {
    const auto text = os::read_file(root_ / path);
    return text ? text.value() : "(not there)";
  }
  bool is_there(const std::string& path) const {
    return fs::exists(fs::symlink_status(root_ / path));
  }

  fs::path root_;
  std::map<std::string, std::string> files_;
  Limits limits_;
};

TEST_F(UnpackTest, LaysLayersOverEachOther) {
  const auto unpacked = unpack_layers(
      {{{"etc", "", AE_IFDIR, 0755}, {"etc/a", "old"}, {"bin/run", "#!", AE_IFREG, 0700}},
       {{"etc/a", "new"}, {"lib", "usr/lib", AE_IFLNK}, {"usr/lib/b", "b"}},
       {{"lib/c", "through the link"}, {"again", "etc/a", AE_IFREG, 0644, true}}});
  ASSERT_TRUE(unpacked) << unpacked.error().message();
  EXPECT_EQ(text_of("etc/a"), "new");
  EXPECT_EQ(text_of("usr/lib/c"), "through the link");
  EXPECT_EQ(text_of("again"), "new");
  EXPECT_EQ(unpacked.value().bytes, 3U + 2 + 3 + 1 + 16);
}

TEST_F(UnpackTest, LetsEverybodyReadAndNobodyBecomeAnother) {
  ASSERT_TRUE(unpack_layers({{{"secret", "s", AE_IFREG, 0600},
                              {"su", "s", AE_IFREG, 04700},
                              {"root", "", AE_IFDIR, 0700}}}));
  const auto mode = [this](const char* name) {
    struct stat status {};
    EXPECT_EQ(::lstat((root_ / name).c_str(), &status), 0);
    return status.st_mode & 07777U;
  };
  EXPECT_EQ(mode("secret"), 0644U);
  EXPECT_EQ(mode("su"), 0755U);
  EXPECT_EQ(mode("root"), 0755U);
}

TEST_F(UnpackTest, HidesWhatWhiteoutsName) {
  ASSERT_TRUE(unpack_layers({{{"a/one", "1"}, {"a/two", "2"}, {"b/three", "3"}, {"c", "4"}},
                             {{"a/.wh.one", ""},
                              {".wh.b", ""},
                              {".wh.c", ""},
                              {".wh.nothing", ""},
                              {"b/new", "5"},
                              {"a/.wh..wh.plnk", ""}}}));
  EXPECT_FALSE(is_there("a/one"));
  EXPECT_TRUE(is_there("a/two"));
  EXPECT_FALSE(is_there("b/three"));
  EXPECT_TRUE(is_there("b/new"));
  EXPECT_FALSE(is_there("c"));
  EXPECT_FALSE(is_there("a/.wh..wh.plnk"));
}

TEST_F(UnpackTest, HidesOfOpaqueFoldersWhatLowerLayersHave) {
  // The marker stands anywhere among what comes with it.
  ASSERT_TRUE(unpack_layers({{{"a/old", "1"}, {"a/sub/old", "2"}, {"keep", "3"}},
                             {{"a/new", "4"}, {"a/sub/new", "5"}, {"a/.wh..wh..opq", ""}}}));
  EXPECT_FALSE(is_there("a/old"));
  EXPECT_FALSE(is_there("a/sub/old"));
  EXPECT_EQ(text_of("a/new"), "4");
  EXPECT_EQ(text_of("a/sub/new"), "5");
  EXPECT_TRUE(is_there("keep"));
}

TEST_F(UnpackTest, StaysInsideWhateverLinksSay) {
  const auto outside = folder_ / "outside";
  fs::create_directory(outside);
  ASSERT_TRUE(unpack_layers({{{"up", "../../../../../../" + outside.string(), AE_IFLNK},
                              {"absolute", outside.string(), AE_IFLNK}},
                             {{"up/a", "1"}, {"absolute/b", "2"}}}));
  EXPECT_TRUE(fs::is_empty(outside));
}

TEST_F(UnpackTest, HidesAndLinksNothingOutside) {
  const auto outside = folder_ / "outside";
  fs::create_directory(outside);
  ASSERT_TRUE(os::replace_file(outside / "file", "mine", 0600));
  ASSERT_TRUE(unpack_layers(
      {{{"out", outside.string(), AE_IFLNK}}, {{"out/.wh.file", ""}, {"out/.wh..wh..opq", ""}}}));
  EXPECT_TRUE(fs::exists(outside / "file"));
  const auto linked = unpack_layers({{{"copy", "out/file", AE_IFREG, 0644, true}}});
  ASSERT_FALSE(linked);
  EXPECT_EQ(fs::hard_link_count(outside / "file"), 1U);
}

TEST_F(UnpackTest, RefusesPathsThatLeadOutside) {
  for (const char* path : {"../a", "a/../../b", ".."}) {
    const auto unpacked = unpack_layers({{{path, "x"}}});
    ASSERT_FALSE(unpacked) << path;
    EXPECT_EQ(unpacked.error().code(), Errc::invalid);
    EXPECT_THAT(unpacked.error().message(), HasSubstr("leads outside"));
  }
  EXPECT_FALSE(unpack_layers({{{"a", "../outside", AE_IFREG, 0644, true}}}));
  EXPECT_FALSE(unpack_layers({{{"a/.wh...", ""}}}));
}

TEST_F(UnpackTest, LeavesDevicesOut) {
  const auto unpacked =
      unpack_layers({{{"dev/null", "", AE_IFCHR, 0666}, {"pipe", "", AE_IFIFO, 0666}, {"a", "1"}}});
  ASSERT_TRUE(unpacked) << unpacked.error().message();
  EXPECT_EQ(unpacked.value().skipped, 2U);
  EXPECT_FALSE(is_there("dev/null"));
  EXPECT_TRUE(is_there("a"));
}

TEST_F(UnpackTest, ReplacesFilesByFoldersAndFoldersByFiles) {
  ASSERT_TRUE(unpack_layers(
      {{{"a", "file"}, {"b/c/d", "deep"}, {"e", "a", AE_IFLNK}},
       {{"a", "", AE_IFDIR, 0755}, {"a/x", "1"}, {"b", "file now"}, {"e", "", AE_IFDIR, 0755}}}));
  EXPECT_EQ(text_of("a/x"), "1");
  EXPECT_EQ(text_of("b"), "file now");
  EXPECT_TRUE(fs::is_directory(fs::symlink_status(root_ / "e")));
  EXPECT_FALSE(unpack_layers({{{"f", "file"}, {"f/g", "in a file"}}}));
}

TEST_F(UnpackTest, GivesARootItsFoldersAndFiles) {
  files_ = {{"etc/resolv.conf", "nameserver 1.2.3.4\n"}};
  ASSERT_TRUE(unpack_layers({{{"proc", "etc", AE_IFLNK},
                              {"tmp", "a file"},
                              {"etc/resolv.conf", "/somewhere", AE_IFLNK}}}));
  for (const char* folder : {"proc", "sys", "dev", "tmp"}) {
    EXPECT_TRUE(fs::is_directory(fs::symlink_status(root_ / folder))) << folder;
  }
  EXPECT_EQ(text_of("etc/resolv.conf"), "nameserver 1.2.3.4\n");
}

TEST_F(UnpackTest, ComparesEveryLayerWithItsDigests) {
  ImageParts parts{.layers = {tar_of({{"a", "1"}})}};
  auto nodes = saved_of(parts);
  for (Node& node : nodes) {
    if (node.path == "0/layer.tar") node.data = tar_of({{"a", "2"}});
  }
  const auto other = unpack_nodes(nodes);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message(), HasSubstr("is damaged: its SHA-256 is"));
  // What is behind the end of the tar file counts as well.
  parts.packed = {tar_of({{"a", "1"}}, Packing::gzip)};
  auto layout = layout_of(parts);
  for (Node& node : layout) {
    if (node.data == parts.packed[0]) node.data += "more";
  }
  EXPECT_FALSE(unpack_nodes(layout));
}

TEST_F(UnpackTest, FollowsALayerThatWasSavedOnce) {
  const std::string layer = tar_of({{"a", "1"}});
  auto nodes = saved_of({.layers = {layer, layer}});
  for (Node& node : nodes) {
    if (node.path == "1/layer.tar") node = {"1/layer.tar", "../0/layer.tar", AE_IFLNK};
  }
  const auto unpacked = unpack_nodes(nodes);
  ASSERT_TRUE(unpacked) << unpacked.error().message();
  EXPECT_EQ(text_of("a"), "1");
}

TEST_F(UnpackTest, RefusesTruncatedLayersAndMissingOnes) {
  const std::string whole = tar_of({{"a", std::string(20'000, 'x')}});
  ImageParts parts{.layers = {whole.substr(0, 8'000)}};
  EXPECT_FALSE(unpack_nodes(saved_of(parts)));
  parts.layers = {whole};
  auto nodes = saved_of(parts);
  std::erase_if(nodes, [](const Node& node) { return node.path == "0/layer.tar"; });
  EXPECT_THAT(unpack_nodes(nodes).error().message(), HasSubstr("lacks the layer 0/layer.tar"));
}

TEST_F(UnpackTest, CountsWhatIsWritten) {
  limits_.unpacked_bytes_max = 1000;
  EXPECT_EQ(unpack_layers({{{"a", std::string(600, 'x')}}, {{"a", std::string(600, 'y')}}})
                .error()
                .code(),
            Errc::too_large);
  limits_ = Limits();
  limits_.nodes_max = 2;
  EXPECT_EQ(unpack_layers({{{"a", ""}, {"b", ""}, {"c", ""}}}).error().code(), Errc::too_large);
}

}  // namespace
}  // namespace proa::oci
