#include "launcher/cgroup/cgroup_backend.h"

#include "launcher/cgroup/cgroup_tree.h"
#include "unit/launcher/cgroup_fixture.h"

#include <gtest/gtest.h>

namespace proa::launcher {
namespace {

using test::becomes_true;
using test::start_in;

class CgroupBackendTest : public test::RealCgroups {};

INSTANTIATE_TEST_SUITE_P(Kinds, CgroupBackendTest,
                         ::testing::Values(os::CgroupKind::v1, os::CgroupKind::hybrid,
                                           os::CgroupKind::v2),
                         test::kind_name);

TEST_P(CgroupBackendTest, ReportsEachLimitWithTheFileThatEnforcesIt) {
  const auto reports = backend_->enforcement();
  ASSERT_EQ(reports.size(), 6U);
  for (const auto& report : reports) {
    EXPECT_FALSE(report.reason.empty()) << report.limit;
    if (report.limit == "memory" || report.limit == "pids" || report.limit == "cpu_weight") {
      EXPECT_TRUE(report.is_enforced) << report.limit << ": " << report.reason;
      EXPECT_TRUE(std::filesystem::exists(report.reason)) << report.reason;
    }
  }
  EXPECT_EQ(reports[5].limit, "processors");
  EXPECT_EQ(reports[3].limit, "cpu_quota");
  EXPECT_FALSE(reports[3].is_enforced);
  EXPECT_EQ(reports[3].reason, "not asked for (--cpu-policy weight)");
}

TEST_P(CgroupBackendTest, RemovesItsFoldersAtTheEnd) {
  const auto folders = backend_->layout().folders();
  ASSERT_FALSE(folders.empty());
  for (const auto& folder : folders) EXPECT_TRUE(std::filesystem::exists(folder)) << folder;
  backend_.reset();
  for (const auto& folder : folders) EXPECT_FALSE(std::filesystem::exists(folder)) << folder;
}

TEST_P(CgroupBackendTest, RefusesNamesThatAreNoPlainFolderNames) {
  for (const char* name : {"", "..", "../x", "a/b", ".x", "-x", "A", "a b"}) {
    const auto made = backend_->create(name);
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().code(), Errc::invalid);
    EXPECT_FALSE(backend_->clean_leftovers(name)) << name;
  }
}

TEST_P(CgroupBackendTest, DoesNotTakeOverASlotInWhichProcessesRun) {
  auto first = make("1");
  auto child = start_in(first->entry_fds().value(), [] { return test::sleep_for_ever(); });
  auto control = control_of(*first);
  ASSERT_TRUE(becomes_true([&] { return control.is_populated().value(); }));
  const auto second = backend_->create("1");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
  EXPECT_TRUE(control.is_populated().value());
}

TEST_P(CgroupBackendTest, CleansUpAfterACrashedInstanceAndTouchesNoOther) {
  // The crashed one: its objects are never destroyed, as after kill -9. One slot is left frozen.
  CgroupOptions options;
  options.instance = test::fresh_instance();
  options.only = GetParam();
  CgroupBackend* crashed = CgroupBackend::detect(options).value().release();
  EnvironmentCgroup* slot = crashed->create("1").value().release();
  EnvironmentCgroup* empty = crashed->create("2").value().release();
  auto left = start_in(slot->entry_fds().value(), [] { return test::sleep_for_ever(); });
  auto control = control_of(*slot);
  ASSERT_TRUE(becomes_true([&] { return control.is_populated().value(); }));
  ASSERT_TRUE(control.freeze(test::in(std::chrono::seconds(5))));

  auto alive = make("1");
  auto living = start_in(alive->entry_fds().value(), [] { return test::sleep_for_ever(); });
  auto other = control_of(*alive);
  ASSERT_TRUE(becomes_true([&] { return other.is_populated().value(); }));

  const auto cleaned = backend_->clean_leftovers(options.instance);
  ASSERT_TRUE(cleaned) << cleaned.error().message();
  EXPECT_EQ(cleaned.value(), 2U);
  EXPECT_EQ(WTERMSIG(left->wait()), SIGKILL);
  for (const auto& folder : crashed->layout().folders()) {
    EXPECT_FALSE(std::filesystem::exists(folder)) << folder;
  }
  EXPECT_TRUE(other.is_populated().value());
  EXPECT_EQ(::waitpid(living->pid(), nullptr, WNOHANG), 0);
  EXPECT_EQ(backend_->clean_leftovers(options.instance).value(), 0U);
  delete empty;
  delete slot;
  delete crashed;
}

TEST_P(CgroupBackendTest, CleansItsOwnInstanceAndGoesOnWithItsFolders) {
  EnvironmentCgroup* old = backend_->create("7").value().release();
  EXPECT_EQ(backend_->clean_leftovers(backend_->layout().instance).value(), 1U);
  delete old;
  auto cgroup = make("7");
  EXPECT_TRUE(cgroup->set_limits(test::wide_limits()));
}

TEST(CgroupBackend, OfKindNoneSucceedsAtEverythingAndReportsThatNothingIsEnforced) {
  CgroupOptions options;
  options.instance = "x";
  options.only = os::CgroupKind::none;
  auto backend = CgroupBackend::detect(options).value();
  auto cgroup = backend->create("1").value();
  EXPECT_TRUE(cgroup->set_limits(test::wide_limits()));
  EXPECT_FALSE(cgroup->entry_fds().value().cgroup2);
  EXPECT_TRUE(cgroup->entry_fds().value().v1_tasks.empty());
  EXPECT_EQ(cgroup->daemon_files().value().shape(), 0U);
  EXPECT_TRUE(cgroup->reset());
  EXPECT_TRUE(cgroup->remove());
  for (const auto& report : backend->enforcement()) {
    EXPECT_FALSE(report.is_enforced) << report.limit;
    EXPECT_NE(report.reason.find("switched off"), std::string::npos) << report.reason;
  }
}

TEST(CgroupBackend, RefusesAnInstanceThatIsNoName) {
  CgroupOptions options;
  options.instance = "../evil";
  const auto refused = CgroupBackend::detect(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
}

}  // namespace
}  // namespace proa::launcher
