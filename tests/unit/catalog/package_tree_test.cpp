#include "catalog/package_tree.h"

#include "os/file.h"
#include "unit/catalog/temp_folder.h"

#include <fcntl.h>

namespace proa::catalog {
namespace {

TEST(PlainPath, RemovesWhatMeansNothing) {
  EXPECT_EQ(plain_path("a/b").value(), "a/b");
  EXPECT_EQ(plain_path("./a//./b/").value(), "a/b");
  EXPECT_EQ(plain_path("./").value(), "");
  EXPECT_EQ(plain_path("..a/b..").value(), "..a/b..");
}

TEST(PlainPath, RefusesWhatLeavesTheTree) {
  for (const char* path : {"/a", "..", "a/..", "a/../b", "../a", "a/.."}) {
    EXPECT_EQ(plain_path(path).error().code(), Errc::invalid) << path;
  }
}

class PackageTreeTest : public TempFolderTest {
 protected:
  void SetUp() override {
    TempFolderTest::SetUp();
    limits_.is_durable = false;
    auto root = os::open_file(folder_, O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(root);
    root_ = std::move(root).value();
  }

  PackageLimits limits_;
  os::UniqueFd root_;
};

TEST_F(PackageTreeTest, AFolderMayBeGivenAfterItWasImplied) {
  PackageTree tree(root_.get(), limits_);
  ASSERT_TRUE(tree.add_file("d/f"));
  ASSERT_TRUE(tree.add_folder("d", 0700, timespec{1000, 0}));
  EXPECT_FALSE(tree.add_folder("d", 0700, timespec{1000, 0})) << "but once";
  ASSERT_TRUE(tree.finish());
  EXPECT_TRUE(std::filesystem::is_regular_file(folder_ / "d/f"));
}

TEST_F(PackageTreeTest, LinksComeIntoBeingOnlyAtTheEnd) {
  PackageTree tree(root_.get(), limits_);
  ASSERT_TRUE(tree.add_link("link", "d"));
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(folder_ / "link")));
  EXPECT_FALSE(tree.add_file("link/f"));
  EXPECT_FALSE(tree.add_link("absolute", "/d"));
  ASSERT_TRUE(tree.finish());
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
}

TEST_F(PackageTreeTest, DoesNotOverwriteWhatIsThere) {
  std::ofstream(folder_ / "f") << "foreign";
  PackageTree tree(root_.get(), limits_);
  EXPECT_FALSE(tree.add_file("f"));
  EXPECT_EQ(read(folder_ / "f"), "foreign");
}

}  // namespace
}  // namespace proa::catalog
