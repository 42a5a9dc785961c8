#include "launcher/cgroup/cgroup_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "os/file.h"
#include "unit/launcher/cgroup_fixture.h"

namespace proa::launcher {
namespace {

using std::filesystem::path;

TEST(CgroupNames, AreOnePlainLowerCaseWord) {
  for (const char* good : {"0", "proa.self", "slot-12", "a_b"}) {
    EXPECT_TRUE(is_cgroup_name(good)) << good;
  }
  for (const char* bad : {"", ".", "..", "-a", "a/b", "A", "a b", "a\n", "ä"}) {
    EXPECT_FALSE(is_cgroup_name(bad)) << bad;
  }
  EXPECT_TRUE(is_cgroup_name(std::string(64, 'a')));
  EXPECT_FALSE(is_cgroup_name(std::string(65, 'a')));
}

class CgroupTree : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/proa-tree-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(base_); }
  path base_;
};

TEST_F(CgroupTree, ListsDeepestFirstAndLeavesLinksAlone) {
  std::filesystem::create_directories(base_ / "a/b");
  std::filesystem::create_directory_symlink("/", base_ / "link");
  EXPECT_EQ(folders_below(base_),
            (std::vector<path>{base_ / "a/b", base_ / "a", base_}));
  EXPECT_TRUE(folders_below(base_ / "none").empty());
}

TEST_F(CgroupTree, ReadsProcessesAndSkipsThoseOfOtherPidNamespaces) {
  std::ofstream(base_ / "cgroup.procs") << "12\n0\n345\n";
  EXPECT_EQ(processes_in(base_).value(), (std::vector<pid_t>{12, 345}));
  EXPECT_TRUE(processes_in(base_ / "none").value().empty());
}

TEST_F(CgroupTree, RemovesATreeAndIsFineWithNone) {
  std::filesystem::create_directories(base_ / "a/b/c");
  EXPECT_TRUE(remove_folder(base_ / "a", test::in(std::chrono::seconds(1))));
  EXPECT_FALSE(std::filesystem::exists(base_ / "a"));
  EXPECT_TRUE(remove_folder(base_ / "a", test::in(std::chrono::seconds(1))));
}

TEST_F(CgroupTree, GivesUpOnABusyFolderAtItsDeadline) {
  if (::geteuid() != 0) GTEST_SKIP() << "control groups are made by root here";
  const path beside_v1 = "/sys/fs/cgroup/unified";
  const path top = std::filesystem::exists(beside_v1) ? beside_v1 : "/sys/fs/cgroup";
  const path folder = top / ("proa-" + test::fresh_instance());
  if (::mkdir(folder.c_str(), 0755) != 0) GTEST_SKIP() << "no bare cgroup2 on this host";
  CgroupEntry entry;
  entry.cgroup2 = os::open_file(folder, O_RDONLY | O_DIRECTORY).value();
  auto child = test::start_in(entry, [] { return test::sleep_for_ever(); });
  const auto busy = remove_folder(folder, test::in(std::chrono::milliseconds(20)));
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code(), Errc::deadline);
  EXPECT_NE(busy.error().message().find(folder.string()), std::string::npos);
  EXPECT_TRUE(kill_processes({folder}, test::in(std::chrono::seconds(5))));
  EXPECT_EQ(WTERMSIG(child->wait()), SIGKILL);
  EXPECT_TRUE(remove_folder(folder, test::in(std::chrono::seconds(5))));
}

TEST_F(CgroupTree, NeverKillsTheProcessItRunsIn) {
  std::ofstream(base_ / "cgroup.procs") << ::getpid() << "\n";
  const auto killed = kill_processes({base_}, test::in(std::chrono::milliseconds(5)));
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().code(), Errc::deadline);
}

TEST_F(CgroupTree, AValueThatIsKeptOtherwiseIsAnError) {
  std::ofstream(base_ / "limit") << "999";
  EXPECT_TRUE(write_and_check(base_ / "limit", "123"));
  const auto kept = write_and_check(base_ / "limit", "5");
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().message(),
            (base_ / "limit").string() + ": wrote '5' but it reads '523'");
  EXPECT_EQ(write_and_check(base_ / "none", "5").error().code(), Errc::not_found);
}

}  // namespace
}  // namespace proa::launcher
