#include "launcher/disk/ext4_reserve.h"

#include "launcher/disk/disk_image.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace proa::launcher {
namespace {

class Ext4Reserve : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/var/tmp/proa-reserve-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    image_ = folder_ / "image";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A number from what dumpe2fs, which knows the format, says about the image.
  std::uint64_t said(const std::string& label) const {
    const std::string command = "/usr/sbin/dumpe2fs -h " + image_.string() + " 2>/dev/null";
    FILE* pipe = ::popen(command.c_str(), "r");
    std::array<char, 256> line{};
    std::uint64_t value = 0;
    while (std::fgets(line.data(), line.size(), pipe) != nullptr) {
      const std::string text(line.data());
      if (text.starts_with(label + ":")) value = std::stoull(text.substr(label.size() + 1));
    }
    EXPECT_EQ(::pclose(pipe), 0) << "dumpe2fs finds fault with the image";
    return value;
  }

  std::filesystem::path folder_;
  std::filesystem::path image_;
};

TEST_F(Ext4Reserve, LeavesTheContentAndOneBlockForItsExtents) {
  for (const std::uint64_t mib : {64U, 512U, 10'240U}) {
    const auto made = make_image(image_, Bytes::mib(mib), "/usr/sbin/mkfs.ext4");  // reserves
    ASSERT_TRUE(made) << made.error().message();
    const std::uint64_t held_back = std::min<std::uint64_t>(said("Block count") / 50, 4096);
    EXPECT_EQ(said("Free blocks") + 4 - held_back - said("Reserved block count"), mib * 256 + 1);
    const std::string check = "/usr/sbin/e2fsck -fn " + image_.string() + " >/dev/null 2>&1";
    EXPECT_EQ(std::system(check.c_str()), 0) << mib;  // NOLINT(cert-env33-c)
  }
}

TEST_F(Ext4Reserve, RefusesWhatIsNoFileSystemOrTooSmall) {
  std::ofstream(image_) << std::string(8192, '\0');
  EXPECT_EQ(reserve_beyond(image_, Bytes::mib(1)).error().code(), Errc::corrupt);
  ASSERT_TRUE(make_image(image_, Bytes::mib(1), "/usr/sbin/mkfs.ext4"));
  EXPECT_EQ(reserve_beyond(image_, Bytes::mib(64)).error().code(), Errc::exhausted);
  EXPECT_EQ(reserve_beyond(folder_ / "none", Bytes::mib(1)).error().code(), Errc::not_found);
}

}  // namespace
}  // namespace proa::launcher
