#include "launcher/instance.h"

#include "launcher/protocol.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace proa::launcher {
namespace {

namespace fs = std::filesystem;

class InstanceTest : public ::testing::Test {
 protected:
  InstanceTest() {
    std::string pattern = (fs::temp_directory_path() / "proa-run-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~InstanceTest() override { fs::remove_all(folder_); }

  /// A child that takes a number and ends without giving it back: what a killed daemon leaves.
  void leave_one_behind() const {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(Instance::acquire(folder_) ? 0 : 1);
    int status = 1;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
  }

  fs::path folder_;
};

TEST_F(InstanceTest, TheLowestFreeNumberIsTaken) {
  auto first = Instance::acquire(folder_).value();
  auto second = Instance::acquire(folder_).value();
  EXPECT_EQ(first.number(), 0U);
  EXPECT_EQ(second.number(), 1U);
  EXPECT_EQ(second.id(), "1");
  EXPECT_TRUE(fs::is_directory(second.folder()));
  first.give_back();
  EXPECT_EQ(Instance::acquire(folder_).value().number(), 0U);
}

TEST_F(InstanceTest, GivingBackLeavesNoFile) {
  auto one = Instance::acquire(folder_).value();
  one.give_back();
  one.give_back();
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(InstanceTest, BlocksOfUserIdsDoNotMeet) {
  const auto first = Instance::acquire(folder_).value();
  const auto second = Instance::acquire(folder_).value();
  EXPECT_EQ(second.uid_base() - first.uid_base(), 2 * kMaxSlots);
}

TEST_F(InstanceTest, WhatADeadHolderLeftIsFoundAndHeldUntilItIsGivenBack) {
  leave_one_behind();
  std::ofstream(folder_ / "instance-1.lock") << "";  // without a folder: nothing was ever made
  {
    auto dead = Instance::abandoned(folder_, 5);
    ASSERT_EQ(dead.size(), 1U);
    EXPECT_EQ(dead.front().number(), 0U);
    EXPECT_EQ(Instance::acquire(folder_).value().number(), 1U) << "0 is being cleaned up";
    dead.front().give_back();
  }
  EXPECT_TRUE(Instance::abandoned(folder_, 1).empty());
}

TEST_F(InstanceTest, HeldNumbersAndTheOwnOneAreNotAbandoned) {
  const auto held = Instance::acquire(folder_).value();
  EXPECT_TRUE(Instance::abandoned(folder_, 7).empty());
  EXPECT_TRUE(Instance::abandoned(folder_, held.number()).empty());
}

TEST_F(InstanceTest, AFolderThatCannotBeMadeIsAnErrorThatNamesIt) {
  std::ofstream(folder_ / "file") << "";
  const auto failed = Instance::acquire(folder_ / "file" / "run");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("file/run"), std::string::npos);
}

TEST(OverlappingSubids, NamesTheLinesThatShareIds) {
  const std::string text = "alice:100000:65536\nbob:1879048190:5\nbroken\ncarol:1879064576:10\n";
  EXPECT_EQ(overlapping_subids(text, 0x70000000, 16'384),
            std::vector<std::string>{"bob:1879048190:5"});
  EXPECT_TRUE(overlapping_subids("", 0x70000000, 16'384).empty());
}

}  // namespace
}  // namespace proa::launcher
