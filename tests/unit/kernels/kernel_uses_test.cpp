#include "kernels/kernel_uses.h"

#include <gtest/gtest.h>

namespace proa::kernels {
namespace {

class KernelUsesTest : public testing::Test {
 protected:
  static bool there() { return true; }

  std::vector<std::string> removed_;
  KernelUses uses_{[this](const std::string& id) { removed_.push_back(id); }};
};

TEST_F(KernelUsesTest, AreCountedByKernel) {
  auto first = uses_.begin("a", there);
  const auto other = uses_.begin("b", there);
  const auto second = uses_.begin("a", there);
  EXPECT_EQ(uses_.count("a"), 2U);
  first.reset();
  EXPECT_EQ(uses_.count("a"), 1U);
  EXPECT_EQ(uses_.count("b"), 1U);
  EXPECT_EQ(uses_.count("c"), 0U);
}

TEST_F(KernelUsesTest, NoneBeginsOfAKernelThatHasGone) {
  EXPECT_EQ(uses_.begin("a", [] { return false; }), nullptr);
  EXPECT_EQ(uses_.count("a"), 0U);
}

TEST_F(KernelUsesTest, WhatIsUsedIsNotRemoved) {
  auto use = uses_.begin("a", there);
  int removals = 0;
  const auto remove = [&]() -> Result<void> {
    ++removals;
    return Error(Errc::os, "disk");
  };
  const auto refused = uses_.if_unused("a", remove);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_NE(refused.error().message().find("in use by 1 machine:"), std::string::npos);
  EXPECT_EQ(removals, 0);
  use.reset();
  EXPECT_EQ(uses_.if_unused("a", remove).error().code(), Errc::os) << "its own failure";
  EXPECT_EQ(removals, 1);
}

TEST_F(KernelUsesTest, WhatWasReplacedGoesWithItsLastUse) {
  uses_.remove_when_unused("b");
  EXPECT_EQ(removed_, std::vector<std::string>{"b"}) << "nobody uses it";
  auto first = uses_.begin("a", there);
  auto second = uses_.begin("a", there);
  uses_.remove_when_unused("a");
  uses_.remove_when_unused("a");
  first.reset();
  EXPECT_EQ(removed_.size(), 1U);
  second.reset();
  EXPECT_EQ(removed_, (std::vector<std::string>{"b", "a"}));
  uses_.begin("a", there).reset();
  EXPECT_EQ(removed_.size(), 2U) << "once";
}

}  // namespace
}  // namespace proa::kernels
