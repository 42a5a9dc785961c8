#include "launcher/leftovers.h"

#include "launcher/cgroup/cgroup_layout.h"
#include "launcher/supervisor.h"
#include "os/file.h"
#include "unit/frames/apart.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

namespace proa::launcher {
namespace {

namespace fs = std::filesystem;

class LeftoversTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "control groups and devices are root's";
    std::string name = "/tmp/proa-leftovers-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directories(folder_ / "data");
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  fs::path folder_;
};

/// In this child process' own namespaces, on a host without control groups: the numbers of a test
/// are also those of daemons, whose control groups cleaning would end.
void clean_apart(const fs::path& run, const fs::path& data) {
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  for (const auto& mount : parse_cgroup_mounts(os::read_file("/proc/self/mountinfo").value())) {
    ASSERT_EQ(::umount2(mount.point.c_str(), MNT_DETACH), 0) << mount.point;
  }
  auto live = Instance::acquire(run);
  ASSERT_TRUE(live) << live.error().message();
  {
    auto dead = Instance::acquire(run);
    ASSERT_TRUE(dead);
    EXPECT_TRUE(fs::exists(dead.value().folder()));
  }  // its lock goes with it, its folder stays
  {
    auto dead = Instance::acquire(run);  // the same number
    auto another = Instance::acquire(run);
    ASSERT_TRUE(another);
  }
  const auto cleaned = clean_host(run, data);
  ASSERT_TRUE(cleaned) << cleaned.error().message();
  EXPECT_EQ(cleaned.value(), 1U) << "one took the number that cleaning had itself";
  EXPECT_TRUE(fs::exists(live.value().folder()));
  std::size_t folders = 0;
  for (const auto& each : fs::directory_iterator(run)) folders += each.is_directory() ? 1U : 0U;
  EXPECT_EQ(folders, 1U);
  live.value().give_back();
  ASSERT_TRUE(clean_host(run, data));
  EXPECT_FALSE(fs::exists(run)) << "nobody is left";
}

TEST_F(LeftoversTest, OfDeadInstancesAreRemovedAndThoseOfLiveOnesStay) {
  EXPECT_EQ(frames::apart(CLONE_NEWNS | CLONE_NEWNET,
                          [this] {
                            clean_apart(folder_ / "run", folder_ / "data");
                            return HasFailure() ? 1 : 0;
                          }),
            0);
}

}  // namespace
}  // namespace proa::launcher
