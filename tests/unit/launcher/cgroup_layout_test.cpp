#include "launcher/cgroup/cgroup_layout.h"

#include "unit/launcher/cgroup_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>

namespace proa::launcher {
namespace {

using std::filesystem::path;

constexpr const char* kHybridMounts =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/uni\\040fied rw shared:1 master:2 - cgroup2 cgroup2 "
    "rw,nsdelegate\n"
    "broken line\n";

TEST(CgroupLayout, ReadsMountsWithTheirControllersAndEscapes) {
  const auto mounts = parse_cgroup_mounts(kHybridMounts);
  ASSERT_EQ(mounts.size(), 3U);
  EXPECT_EQ(mounts[0].point, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_THAT(mounts[0].controllers, ::testing::Contains("cpuacct"));
  EXPECT_FALSE(mounts[0].is_v2);
  EXPECT_EQ(mounts[1].root, "/docker/abc");
  EXPECT_EQ(mounts[2].point, "/sys/fs/cgroup/uni fied");
  EXPECT_TRUE(mounts[2].is_v2);
}

TEST(CgroupLayout, ReadsItsOwnCgroup2PathAmongOthers) {
  EXPECT_EQ(parse_own_cgroup2("4:memory:/x\n0::/system.slice/proa.service\n").value(),
            "/system.slice/proa.service");
  EXPECT_EQ(parse_own_cgroup2("0::/\n").value(), "/");
  EXPECT_FALSE(parse_own_cgroup2("4:memory:/x\n"));
}

/// Plain files that look like a cgroup2 tree: what a host without controllers on cgroup2 can test
/// of kind v2. Files that the kernel would make with a folder are made by the test beforehand.
class FakeCgroup2 : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/proa-layout-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
    write("proc/mountinfo", "30 23 0:26 / " + tree().string() + " rw - cgroup2 cgroup2 rw\n");
    write("proc/cgroup", "0::/system.slice/proa.service\n");
    controllers_of("tree", false);
  }
  void TearDown() override { std::filesystem::remove_all(base_); }

  path tree() const { return base_ / "tree"; }

  void write(const path& file, const std::string& text) {
    std::filesystem::create_directories((base_ / file).parent_path());
    std::ofstream(base_ / file) << text;
  }
  std::string text_of(const path& file) const { return test::content_of(base_ / file); }

  /// The files of a folder that hands all its controllers to its children.
  void controllers_of(const path& folder, bool has_type = true) {
    write(folder / "cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n");
    write(folder / "cgroup.subtree_control", "cpu memory pids\n");
    write(folder / "cgroup.procs", "");
    if (has_type) write(folder / "cgroup.type", "domain\n");
  }
  /// The files of a control group with limits that nobody has set yet.
  void limits_of(const path& folder) {
    for (const char* file : {"memory.max", "memory.swap.max", "cpu.weight", "cpu.max", "pids.max",
                             "cgroup.kill", "cgroup.freeze", "cgroup.procs"}) {
      write(folder / file, "");
    }
    write(folder / "cgroup.events", "populated 0\nfrozen 0\n");
    write(folder / "cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n");
    write(folder / "memory.current", "4096\n");
    write(folder / "memory.peak", "8192\n");
    write(folder / "memory.events", "low 0\nhigh 0\nmax 3\noom 2\noom_kill 2\noom_group_kill 0\n");
  }

  CgroupOptions options() const {
    CgroupOptions options;
    options.instance = "0";
    options.proc_self = base_ / "proc";
    return options;
  }

  path base_;
};

TEST_F(FakeCgroup2, IsUsedFromItsRootWhenOurOwnFolderIsNotDelegated) {
  controllers_of("tree/system.slice/proa.service");
  controllers_of("tree/proa-0");
  const auto backend = CgroupBackend::detect(options());
  ASSERT_TRUE(backend) << backend.error().message();
  EXPECT_EQ(backend.value()->kind(), os::CgroupKind::v2);
  EXPECT_EQ(*backend.value()->layout().cgroup2, tree() / "proa-0");
  ASSERT_EQ(backend.value()->layout().notes.size(), 1U);
  EXPECT_NE(backend.value()->layout().notes[0].find("Delegate=yes"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(tree() / "proa-0.self"));
}

TEST_F(FakeCgroup2, MovesItsProcessesIntoALeafOfADelegatedFolder) {
  const path own = "tree/system.slice/proa.service";
  controllers_of(own);
  controllers_of(own / "proa-0");
  write(own / "proa-0.self/cgroup.procs", "");
  if (::setxattr((base_ / own).c_str(), "user.delegate", "1", 1, 0) != 0) {
    GTEST_SKIP() << "no user attributes on the file system of /tmp";
  }
  const auto backend = CgroupBackend::detect(options());
  ASSERT_TRUE(backend) << backend.error().message();
  EXPECT_EQ(*backend.value()->layout().cgroup2, base_ / own / "proa-0");
  EXPECT_TRUE(backend.value()->layout().notes.empty());
  // A process that never leaves (plain files do not empty themselves) is an error in the notes.
  write(own / "cgroup.procs", "4194304\n");
  const auto refused = CgroupBackend::detect(options());
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused.value()->kind(), os::CgroupKind::none);
  EXPECT_EQ(text_of(own / "proa-0.self/cgroup.procs"), "4194304");
  EXPECT_NE(refused.value()->layout().notes.at(0).find("keeps getting new processes"),
            std::string::npos);
}

// The launcher starts its roles again: by then it stands in the leaf that it moved itself to.
TEST_F(FakeCgroup2, FindsItsDelegatedFolderAgainFromTheLeaf) {
  const path own = "tree/system.slice/proa.service";
  controllers_of(own);
  controllers_of(own / "proa-0");
  write(own / "proa-0.self/cgroup.procs", "");
  if (::setxattr((base_ / own).c_str(), "user.delegate", "1", 1, 0) != 0) {
    GTEST_SKIP() << "no user attributes on the file system of /tmp";
  }
  write("proc/cgroup", "0::/system.slice/proa.service/proa-0.self\n");
  const auto backend = CgroupBackend::detect(options());
  ASSERT_TRUE(backend) << backend.error().message();
  EXPECT_EQ(*backend.value()->layout().cgroup2, base_ / own / "proa-0");
  EXPECT_TRUE(backend.value()->layout().notes.empty());
  EXPECT_FALSE(std::filesystem::exists(base_ / own / "proa-0.self/proa-0.self"));
}

TEST_F(FakeCgroup2, AContainersOwnRootIsUsedLikeADelegatedFolder) {
  write("proc/cgroup", "0::/\n");
  controllers_of("tree");
  controllers_of("tree/proa-0");
  const auto backend = CgroupBackend::detect(options());
  ASSERT_TRUE(backend) << backend.error().message();
  EXPECT_EQ(*backend.value()->layout().cgroup2, tree() / "proa-0");
  EXPECT_TRUE(backend.value()->layout().notes.empty());
}

TEST_F(FakeCgroup2, AMountThatShowsAPartOfTheTreeIsFollowed) {
  write("proc/mountinfo", "30 23 0:26 /machine " + tree().string() + " rw - cgroup2 cgroup2 rw\n");
  write("proc/cgroup", "0::/machine\n");
  controllers_of("tree");
  controllers_of("tree/proa-0");
  const auto inside = CgroupBackend::detect(options());
  ASSERT_TRUE(inside);
  EXPECT_TRUE(inside.value()->layout().notes.empty());
  write("proc/cgroup", "0::/machine2/x\n");
  const auto outside = CgroupBackend::detect(options());
  ASSERT_TRUE(outside);
  EXPECT_EQ(outside.value()->layout().notes.size(), 1U);
}

TEST_F(FakeCgroup2, WritesEveryLimitAndReadsItBack) {
  controllers_of("tree/proa-0");
  limits_of("tree/proa-0/7");
  auto backend = CgroupBackend::detect(options()).value();
  auto cgroup = backend->create("7").value();
  const auto set = cgroup->set_limits(
      CgroupLimits::for_function(Bytes(192'000'100), 1024, 128, CpuPolicy::quota));
  ASSERT_TRUE(set) << set.error().message();
  EXPECT_EQ(text_of("tree/proa-0/7/memory.max"), "192000000");  // whole pages
  EXPECT_EQ(text_of("tree/proa-0/7/memory.swap.max"), "0");
  EXPECT_EQ(text_of("tree/proa-0/7/cpu.weight"), "74");
  EXPECT_EQ(text_of("tree/proa-0/7/cpu.max"), "1447 20000");
  EXPECT_EQ(text_of("tree/proa-0/7/pids.max"), "1024");
}

TEST_F(FakeCgroup2, ALimitThatTheKernelKeptOtherwiseIsAnErrorNamingTheFile) {
  controllers_of("tree/proa-0");
  limits_of("tree/proa-0/7");
  write("tree/proa-0/7/pids.max", "123456789");  // a shorter text leaves the rest of this one
  auto backend = CgroupBackend::detect(options()).value();
  auto cgroup = backend->create("7").value();
  const auto set = cgroup->set_limits(test::wide_limits());
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code(), Errc::os);
  EXPECT_EQ(set.error().message(),
            (tree() / "proa-0/7/pids.max").string() + ": wrote '512' but it reads '512456789'");
}

TEST_F(FakeCgroup2, GivesTheDaemonItsFilesAndTheSpawnRoleTheFolder) {
  controllers_of("tree/proa-0");
  limits_of("tree/proa-0/7");
  auto backend = CgroupBackend::detect(options()).value();
  auto cgroup = backend->create("7").value();
  const auto entry = cgroup->entry_fds().value();
  EXPECT_TRUE(entry.cgroup2);
  EXPECT_TRUE(entry.v1_tasks.empty());
  auto control = os::CgroupControl::open(cgroup->daemon_files().value()).value();
  EXPECT_EQ(control.kind(), os::CgroupKind::v2);
  EXPECT_EQ(control.memory_usage().value(), Bytes(4096));
  EXPECT_EQ(control.memory_peak().value(), Bytes(8192));
  EXPECT_EQ(control.oom_kills().value(), 0U);  // the two are from before
  write("tree/proa-0/7/memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 5\n");
  EXPECT_EQ(control.oom_kills().value(), 3U);
  write("tree/proa-0/7/cpu.stat", "usage_usec 4000\n");
  EXPECT_EQ(control.cpu_time().value(), std::chrono::microseconds(2500));
  EXPECT_FALSE(control.is_populated().value());
  EXPECT_TRUE(control.kill());
  EXPECT_EQ(text_of("tree/proa-0/7/cgroup.kill"), "1");
}

TEST_F(FakeCgroup2, WithoutAPeakFileThePeakIsUnknown) {
  controllers_of("tree/proa-0");
  limits_of("tree/proa-0/7");
  std::filesystem::remove(tree() / "proa-0/7/memory.peak");
  auto backend = CgroupBackend::detect(options()).value();
  auto cgroup = backend->create("7").value();
  auto control = os::CgroupControl::open(cgroup->daemon_files().value()).value();
  EXPECT_EQ(control.memory_peak().value(), std::nullopt);
}

TEST_F(FakeCgroup2, AControllerThatIsNotHandedDownIsReportedAndItsLimitLeftOut) {
  controllers_of("tree/proa-0");
  write("tree/cgroup.controllers", "memory pids\n");
  write("tree/cgroup.subtree_control", "memory pids\n");
  limits_of("tree/proa-0/7");
  for (const char* file : {"memory.max", "memory.swap.max", "pids.max"}) {
    write(path("tree/proa-0") / file, "");
  }
  auto backend = CgroupBackend::detect(options()).value();
  for (const auto& report : backend->enforcement()) {
    const bool is_missing = report.limit.starts_with("cpu") || report.limit == "processors";
    EXPECT_EQ(report.is_enforced, !is_missing) << report.limit << ": " << report.reason;
    if (is_missing) {
      EXPECT_NE(report.reason.find("tree/cgroup.controllers does not list it"), std::string::npos);
    }
  }
  auto cgroup = backend->create("7").value();
  ASSERT_TRUE(cgroup->set_limits(test::wide_limits()));
  EXPECT_EQ(text_of("tree/proa-0/7/cpu.weight"), "");
  EXPECT_EQ(text_of("tree/proa-0/7/pids.max"), "512");
}

TEST_F(FakeCgroup2, AsksForEachControllerThatIsMissingInSubtreeControl) {
  controllers_of("tree/proa-0");
  write("tree/cgroup.subtree_control", "cpu memory cpuset\n");
  const auto backend = CgroupBackend::detect(options()).value();
  // The kernel would now list it; a plain file shows what was written, over its old text.
  EXPECT_EQ(text_of("tree/cgroup.subtree_control"), "+pidsemory cpuset\n");
  EXPECT_FALSE(backend->layout().missing.contains("memory"));
  EXPECT_NE(backend->layout().missing.at("pids").find("does not take it"), std::string::npos);
}

TEST_F(FakeCgroup2, WithoutMemoryIsNotKindV2AndNothingElseIsFound) {
  write("tree/cgroup.controllers", "hugetlb\n");
  const auto backend = CgroupBackend::detect(options()).value();
  EXPECT_EQ(backend->kind(), os::CgroupKind::none);
  ASSERT_EQ(backend->layout().notes.size(), 3U);
  EXPECT_NE(backend->layout().notes[0].find("does not list memory"), std::string::npos);
  for (const auto& report : backend->enforcement()) EXPECT_FALSE(report.is_enforced);
  auto insisting = options();
  insisting.only = os::CgroupKind::v2;
  const auto refused = CgroupBackend::detect(insisting);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::unsupported);
}

TEST(CgroupLayout, FoldersThatShareAMountAreEnteredOnce) {
  CgroupLayout layout;
  layout.kind = os::CgroupKind::v1;
  layout.v1 = {{"cpu", "/c/proa-0"}, {"cpuacct", "/c/proa-0"}, {"memory", "/m/proa-0"}};
  EXPECT_EQ(layout.folders().size(), 2U);
  layout.missing["memory"] = "why";
  EXPECT_FALSE(layout.folder_of("memory"));
  EXPECT_FALSE(layout.folder_of("pids"));
}

}  // namespace
}  // namespace proa::launcher
