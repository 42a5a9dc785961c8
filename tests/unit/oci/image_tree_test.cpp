#include "oci/image_tree.h"

#include "os/file.h"
#include "unit/oci/archive_builder.h"

#include <gmock/gmock.h>

namespace proa::oci {
namespace {

namespace fs = std::filesystem;

class ImageTreeTest : public ArchiveTest {
 protected:
  void SetUp() override {
    ArchiveTest::SetUp();
    root_ = os::open_file(folder_ / "root", O_RDONLY | O_DIRECTORY).value();
    tree_ = std::make_unique<ImageTree>(root_.get(), limits_);
  }
  bool is_there(const std::string& path) const {
    return fs::exists(fs::symlink_status(folder_ / "root" / path));
  }

  Limits limits_;
  os::UniqueFd root_;
  std::unique_ptr<ImageTree> tree_;
};

TEST(PlainPath, TakesAwayWhatMeansNothing) {
  EXPECT_EQ(plain_path("./a//b/./c/").value(), "a/b/c");
  EXPECT_EQ(plain_path("/a").value(), "a");
  EXPECT_EQ(plain_path("./").value(), "");
}

TEST(PlainPath, RefusesWhatNoTreeCanHave) {
  EXPECT_FALSE(plain_path("a/../b"));
  EXPECT_FALSE(plain_path(std::string(256, 'n')));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "d/";
  EXPECT_FALSE(plain_path(deep));
}

// The folder that is kept open must not be used once the path to it is another's.
TEST_F(ImageTreeTest, FindsAFolderAgainThatHasBeenReplaced) {
  ASSERT_TRUE(tree_->add_file("a/b/one"));
  ASSERT_TRUE(tree_->add_file("a"));
  EXPECT_FALSE(tree_->add_file("a/b/two"));
  ASSERT_TRUE(tree_->add_folder("c"));
  ASSERT_TRUE(tree_->add_file("d/one"));
  ASSERT_TRUE(tree_->add_link("d", "c"));
  ASSERT_TRUE(tree_->add_file("d/two"));
  EXPECT_TRUE(is_there("c/two"));
}

TEST_F(ImageTreeTest, MakesAFolderOfALinkThatLeadsNowhere) {
  ASSERT_TRUE(tree_->add_link("a", "missing"));
  ASSERT_TRUE(tree_->add_file("a/b"));
  EXPECT_TRUE(is_there("a/b"));
}

TEST_F(ImageTreeTest, RefusesLinksThatGoInCircles) {
  ASSERT_TRUE(tree_->add_link("a", "b"));
  ASSERT_TRUE(tree_->add_link("b", "a"));
  EXPECT_EQ(tree_->add_file("a/x").error().code(), Errc::invalid);
}

TEST_F(ImageTreeTest, HardLinksFilesAndNoFolders) {
  ASSERT_TRUE(tree_->add_file("a"));
  ASSERT_TRUE(tree_->add_hard_link("b", "a"));
  EXPECT_EQ(fs::hard_link_count(folder_ / "root" / "a"), 2U);
  ASSERT_TRUE(tree_->add_hard_link("a", "a"));
  ASSERT_TRUE(tree_->add_folder("c"));
  EXPECT_EQ(tree_->add_hard_link("d", "c").error().code(), Errc::invalid);
  EXPECT_FALSE(tree_->add_hard_link("e", "missing"));
}

TEST_F(ImageTreeTest, KeepsWhatCameWithTheSameLayer) {
  ASSERT_TRUE(tree_->add_file("a/old"));
  tree_->begin_layer();
  ASSERT_TRUE(tree_->add_file("a/new"));
  ASSERT_TRUE(tree_->hide("a"));
  EXPECT_FALSE(is_there("a/old"));
  EXPECT_TRUE(is_there("a/new"));
  ASSERT_TRUE(tree_->hide_children(""));
  EXPECT_TRUE(is_there("a/new"));
}

TEST_F(ImageTreeTest, OpensAsIfTheRootWereTheRoot) {
  ASSERT_TRUE(tree_->add_link("up", "/../../../../etc"));
  EXPECT_EQ(open_in_root(root_.get(), "up/passwd", O_RDONLY).error().code(), Errc::not_found);
}

}  // namespace
}  // namespace proa::oci
