#include "launcher/disk/disk_image.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace proa::launcher {
namespace {

using std::filesystem::path;

class DiskImage : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/var/tmp/proa-image-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(base_); }

  static std::string content_of(const path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static Bytes allocated(const path& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return Bytes(static_cast<std::uint64_t>(status.st_blocks) * 512);
  }
  path base_;
};

TEST_F(DiskImage, SizeIsTheContentPlusWhatTheFileSystemNeeds) {
  EXPECT_EQ(image_size(Bytes::mib(512)), Bytes::mib(536));
  EXPECT_EQ(image_size(Bytes::mib(10'240)), Bytes::mib(10'425));
  for (std::uint64_t mib = 1; mib < 65'536; mib = mib * 2 + 1) {
    EXPECT_GT(image_size(Bytes::mib(mib)), Bytes::mib(mib));
    EXPECT_LT(image_size(Bytes::mib(mib)), Bytes::mib(mib + mib / 20 + 32));
  }
}

TEST_F(DiskImage, IsSparse) {
  const path image = base_ / "image";
  const auto made = make_image(image, Bytes::mib(10'240), "/usr/sbin/mkfs.ext4");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(std::filesystem::file_size(image), image_size(Bytes::mib(10'240)).count());
  EXPECT_LE(allocated(image), Bytes::kib(512));
}

TEST_F(DiskImage, SaysWhatMkfsSaidAndLeavesNoFile) {
  // A program that fails with a message, in place of mkfs.
  const auto failed = make_image(base_ / "image", Bytes::mib(1), "/usr/bin/false");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::os);
  EXPECT_NE(failed.error().message().find("/usr/bin/false failed"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(base_ / "image"));
  const auto cat = make_image(base_ / "image", Bytes::mib(1), "/usr/bin/cat");
  ASSERT_FALSE(cat);
  EXPECT_NE(cat.error().message().find("invalid option"), std::string::npos);
}

TEST_F(DiskImage, SparseCopiesHaveTheSameContentAndStaySparse) {
  {
    std::ofstream file(base_ / "from", std::ios::binary);
    file << "begin";
    file.seekp(5 << 20);
    file << "middle";
    file.seekp((9 << 20) + 12'345);
    file << "end";
  }
  ::truncate((base_ / "from").c_str(), 16 << 20);
  const auto copied = copy_sparse(base_ / "from", base_ / "to");
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_TRUE(content_of(base_ / "from") == content_of(base_ / "to"));
  EXPECT_LE(allocated(base_ / "to"), Bytes::kib(64));
  struct stat status {};
  ASSERT_EQ(::stat((base_ / "to").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(DiskImage, ACopyNeverReplacesAFile) {
  std::ofstream(base_ / "from") << "x";
  std::ofstream(base_ / "to") << "kept";
  const auto copied = copy_sparse(base_ / "from", base_ / "to");
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code(), Errc::conflict);
  EXPECT_EQ(content_of(base_ / "to"), "kept");
  EXPECT_EQ(copy_sparse(base_ / "none", base_ / "new").error().code(), Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(base_ / "new"));
}

}  // namespace
}  // namespace proa::launcher
