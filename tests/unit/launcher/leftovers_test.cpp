#include "launcher/leftovers.h"

#include "launcher/supervisor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>

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

TEST_F(LeftoversTest, OfDeadInstancesAreRemovedAndThoseOfLiveOnesStay) {
  const fs::path run = folder_ / "run";
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
  const auto cleaned = clean_host(run, folder_ / "data");
  ASSERT_TRUE(cleaned) << cleaned.error().message();
  EXPECT_EQ(cleaned.value(), 1U) << "one took the number that cleaning had itself";
  EXPECT_TRUE(fs::exists(live.value().folder()));
  std::size_t folders = 0;
  for (const auto& each : fs::directory_iterator(run)) folders += each.is_directory() ? 1U : 0U;
  EXPECT_EQ(folders, 1U);
  live.value().give_back();
  ASSERT_TRUE(clean_host(run, folder_ / "data"));
  EXPECT_FALSE(fs::exists(run)) << "nobody is left";
}

}  // namespace
}  // namespace proa::launcher
