#include "launcher/disk/image_disk.h"

#include "launcher/disk/disk_image.h"
#include "launcher/disk/loop_disk.h"
#include "unit/launcher/own_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace proa::launcher {
namespace {

constexpr Bytes kSize = Bytes::mib(512);

class ImageDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    DiskOptions options;
    options.folder = base_.path() / "disks";
    options.instance = "a";
    auto folder = DiskFolder::open(options);
    ASSERT_TRUE(folder) << folder.error().message();
    folder_ = std::move(folder.value());
    if (::access(options.mkfs.c_str(), X_OK) != 0) GTEST_SKIP() << "no mkfs.ext4";
  }
  std::unique_ptr<ImageDisk> made() const {
    auto disk = folder_->make_image(kSize);
    EXPECT_TRUE(disk) << disk.error().message();
    return disk ? std::move(disk.value()) : nullptr;
  }
  static struct stat status_of(const ImageDisk& disk) {
    struct stat status {};
    EXPECT_EQ(::fstat(disk.descriptor(), &status), 0);
    return status;
  }

  test::OwnFolder base_{"/var/tmp"};
  std::unique_ptr<DiskFolder> folder_;
};

TEST_F(ImageDiskTest, IsASparseFileSystemOfThatSizeThatOnlyItsDescriptorOpens) {
  const auto disk = made();
  ASSERT_TRUE(disk);
  const struct stat status = status_of(*disk);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), image_size(kSize).count());
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_LT(status.st_blocks * 512, 4 << 20);
  EXPECT_EQ(::fcntl(disk->descriptor(), F_GETFL) & O_ACCMODE, O_RDWR);
  std::uint16_t magic = 0;  // of the superblock
  ASSERT_EQ(::pread(disk->descriptor(), &magic, sizeof magic, 1024 + 56), 2);
  EXPECT_EQ(magic, 0xef53);
}

TEST_F(ImageDiskTest, WhatIsWrittenToOneIsNotInAnother) {
  const auto first = made();
  ASSERT_EQ(::pwrite(first->descriptor(), "secret", 6, 100 << 20), 6);
  const auto second = made();
  std::array<char, 6> read{};
  ASSERT_EQ(::pread(second->descriptor(), read.data(), read.size(), 100 << 20), 6);
  EXPECT_EQ(std::string(read.data(), read.size()), std::string(6, '\0'));
  EXPECT_NE(status_of(*first).st_ino, status_of(*second).st_ino);
}

TEST_F(ImageDiskTest, ReleasedItTakesNoRoomAndItsFileGoesLater) {
  auto disk = made();
  const int held = ::fcntl(disk->descriptor(), F_DUPFD_CLOEXEC, 0);
  const os::UniqueFd file(held);
  const std::string text(1U << 20U, 'x');
  ASSERT_EQ(::pwrite(held, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  ASSERT_TRUE(disk->release());
  EXPECT_EQ(disk->descriptor(), -1);
  struct stat status {};
  ASSERT_EQ(::fstat(held, &status), 0);
  EXPECT_EQ(status.st_blocks, 0);
  EXPECT_EQ(status.st_nlink, 1U);
  EXPECT_TRUE(disk->release()) << "twice is no error";
  EXPECT_EQ(folder_->released(), 1U);
  EXPECT_EQ(folder_->delete_released(5).value(), 0U);
  ASSERT_EQ(::fstat(held, &status), 0);
  EXPECT_EQ(status.st_nlink, 0U);
  disk.reset();
  made().reset();
  EXPECT_EQ(folder_->released(), 1U) << "the destructor releases";
  const auto own = folder_->folder();
  folder_.reset();
  EXPECT_FALSE(std::filesystem::exists(own));
}

TEST_F(ImageDiskTest, SizesThatCannotBeAreRefused) {
  const auto refused = folder_->make_image(Bytes(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_EQ(folder_->released(), 0U);
}

}  // namespace
}  // namespace proa::launcher
