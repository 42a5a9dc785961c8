#include "launcher/disk/loop_device.h"

#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fstream>

#include "unit/launcher/cgroup_fixture.h"

namespace proa::launcher {
namespace {

class LoopDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::access("/dev/loop-control", R_OK | W_OK) != 0) {
      GTEST_SKIP() << "loop devices need root and /dev/loop-control";
    }
    std::string pattern = "/var/tmp/proa-loop-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
    std::ofstream(base_ / "image") << "content";
    ASSERT_EQ(::truncate((base_ / "image").c_str(), 1 << 20), 0);
  }
  void TearDown() override {
    if (!base_.empty()) std::filesystem::remove_all(base_);
  }
  std::size_t attached() const { return count_loops(base_).value(); }
  std::filesystem::path base_;
};

TEST_F(LoopDeviceTest, ShowsTheFileAndDetachesWhenItIsClosed) {
  {
    const auto loop = attach_loop(base_ / "image", LoopIo::buffered);
    ASSERT_TRUE(loop) << loop.error().message();
    EXPECT_EQ(attached(), 1U);
    std::uint64_t size = 0;
    ASSERT_EQ(::ioctl(loop.value().device.get(), BLKGETSIZE64, &size), 0);
    EXPECT_EQ(size, 1U << 20U);
    std::array<char, 7> text{};
    ASSERT_EQ(::pread(loop.value().device.get(), text.data(), text.size(), 0), 7);
    EXPECT_EQ(std::string(text.data(), text.size()), "content");
  }
  EXPECT_TRUE(test::becomes_true([&] { return attached() == 0; }));
}

TEST_F(LoopDeviceTest, EachFileGetsADeviceOfItsOwn) {
  std::filesystem::copy(base_ / "image", base_ / "second");
  const auto first = attach_loop(base_ / "image", LoopIo::buffered);
  const auto second = attach_loop(base_ / "second", LoopIo::direct);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first.value().node, second.value().node);
  EXPECT_EQ(attached(), 2U);
}

TEST_F(LoopDeviceTest, DetachesOnlyWhatLiesInTheFolder) {
  std::filesystem::create_directory(base_ / "in");
  std::filesystem::create_directory(base_ / "in2");
  for (const char* folder : {"in", "in2"}) {
    std::filesystem::copy(base_ / "image", base_ / folder / "image");
  }
  const auto inside = attach_loop(base_ / "in/image", LoopIo::buffered);
  const auto beside = attach_loop(base_ / "in2/image", LoopIo::buffered);
  ASSERT_TRUE(inside && beside);
  std::filesystem::remove(base_ / "in/image");  // a deleted file is still found
  EXPECT_EQ(detach_loops(base_ / "in").value(), 1U);
  EXPECT_EQ(count_loops(base_ / "in2").value(), 1U);
}

TEST_F(LoopDeviceTest, NamesTheFileThatIsMissing) {
  const auto missing = attach_loop(base_ / "none", LoopIo::buffered);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Errc::not_found);
  EXPECT_NE(missing.error().message().find("none"), std::string::npos);
}

}  // namespace
}  // namespace proa::launcher
