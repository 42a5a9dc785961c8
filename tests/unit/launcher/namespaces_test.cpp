#include "launcher/net/namespaces.h"

#include "unit/launcher/own_process.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>

namespace proa::launcher::net {
namespace {

ino_t number_of(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

// Of the namespace that the thread stands in.
ino_t here() { return number_of(current_namespace().value().get()); }

class NamespacesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!NamespaceVisit::enter_new()) GTEST_SKIP() << "needs the right to make network namespaces";
  }
  const ino_t home_ = here();
  const std::size_t descriptors_ = test::open_descriptors();
};

TEST_F(NamespacesTest, AVisitIsElsewhereAndComesBackWithNothingLeftOpen) {
  {
    const auto visit = NamespaceVisit::enter_new();
    ASSERT_TRUE(visit) << visit.error().message();
    EXPECT_NE(here(), home_);
  }
  EXPECT_EQ(here(), home_);
  EXPECT_EQ(test::open_descriptors(), descriptors_);
}

TEST_F(NamespacesTest, VisitsNestAndEachGoesBackToWhereItCameFrom) {
  const auto first = NamespaceVisit::enter_new();
  ASSERT_TRUE(first);
  const auto outer = current_namespace().value();
  {
    const auto second = NamespaceVisit::enter_new();
    ASSERT_TRUE(second);
    const ino_t inner = here();
    EXPECT_NE(inner, number_of(outer.get()));
    {
      const auto third = NamespaceVisit::enter(outer.get());
      ASSERT_TRUE(third) << third.error().message();
      EXPECT_EQ(here(), number_of(outer.get()));
    }
    EXPECT_EQ(here(), inner);
  }
  EXPECT_EQ(here(), number_of(outer.get()));
}

TEST_F(NamespacesTest, AVisitThatIsMovedEndsWithItsNewOwner) {
  std::optional<NamespaceVisit> kept;
  {
    auto visit = NamespaceVisit::enter_new().value();
    kept.emplace(std::move(visit));
  }
  EXPECT_NE(here(), home_);
  kept.reset();
  EXPECT_EQ(here(), home_);
}

TEST_F(NamespacesTest, WhatIsNoNetworkNamespaceIsRefusedAndTheThreadStaysAtHome) {
  const os::UniqueFd other(::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
  const std::size_t descriptors = test::open_descriptors();
  for (const int descriptor : {other.get(), -1}) {
    const auto visit = NamespaceVisit::enter(descriptor);
    ASSERT_FALSE(visit);
    EXPECT_NE(visit.error().message().find("enter a network namespace"), std::string::npos);
    EXPECT_EQ(visit.error().os_errno(), descriptor < 0 ? EBADF : EINVAL);
    EXPECT_EQ(here(), home_);
  }
  EXPECT_EQ(test::open_descriptors(), descriptors);
}

TEST_F(NamespacesTest, SettingsAreThoseOfTheVisitedNamespace) {
  const auto first = NamespaceVisit::enter_new();
  ASSERT_TRUE(first);
  ASSERT_TRUE(write_setting("ipv4/ip_forward", "0"));
  {
    const auto second = NamespaceVisit::enter_new();
    ASSERT_TRUE(second);
    ASSERT_TRUE(write_setting("ipv4/ip_forward", "1"));
    EXPECT_EQ(read_setting("ipv4/ip_forward").value(), "1");
  }
  EXPECT_EQ(read_setting("ipv4/ip_forward").value(), "0");
}

TEST_F(NamespacesTest, ASettingThatDoesNotExistOrCannotBeIsNamedByItsPath) {
  const auto visit = NamespaceVisit::enter_new();
  ASSERT_TRUE(visit);
  const auto missing = read_setting("ipv4/no_such_setting");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Errc::not_found);
  EXPECT_NE(missing.error().message().find("/proc/sys/net/ipv4/no_such_setting"),
            std::string::npos);
  EXPECT_EQ(write_setting("ipv4/no_such_setting", "1").error().code(), Errc::not_found);
  const auto refused = write_setting("ipv4/ip_forward", "neither");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().os_errno(), EINVAL);
  EXPECT_NE(refused.error().message().find("/proc/sys/net/ipv4/ip_forward"), std::string::npos);
}

}  // namespace
}  // namespace proa::launcher::net
