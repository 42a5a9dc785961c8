#include "launcher/disk/loop_disk.h"

#include "os/file.h"
#include "unit/launcher/cgroup_fixture.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <fstream>

namespace proa::launcher {
namespace {

using test::becomes_true;

/// Writes zeros to `name` below the folder `root` until `size` is there; how many bytes were taken.
std::uint64_t write_file(int root, const char* name, std::uint64_t size) {
  os::UniqueFd file(::openat(root, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const std::vector<char> block(1U << 20U);
  std::uint64_t written = 0;
  while (written < size) {
    const auto next = std::min<std::uint64_t>(block.size(), size - written);
    const ssize_t count = ::write(file.get(), block.data(), next);
    if (count <= 0) break;
    written += static_cast<std::uint64_t>(count);
  }
  // Blocks are given out when the data is written back.
  if (::fsync(file.get()) != 0) return 0;
  return written;
}

struct Taken {
  std::uint64_t bytes = 0;
  ssize_t one_more = 0;
  int error = 0;
};

/// Writes `size`, then one byte more, to a file below `root` in a process of `user`.
Taken write_as_user(int root, uid_t user, Bytes size) {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Taken taken;
    if (::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0) ::_exit(1);
    taken.bytes = write_file(root, "whole", size.count());
    const os::UniqueFd file(::openat(root, "whole", O_WRONLY | O_APPEND));
    taken.one_more = ::write(file.get(), "x", 1);
    taken.error = errno;
    ::_exit(::write(pipe[1], &taken, sizeof taken) == sizeof taken ? 0 : 1);
  }
  ::close(pipe[1]);
  const os::UniqueFd said(pipe[0]);
  Taken taken;
  EXPECT_EQ(::read(said.get(), &taken, sizeof taken), static_cast<ssize_t>(sizeof taken));
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return taken;
}

/// Change times advance with the kernel's tick, 10 ms at most.
void pass_one_tick() { std::this_thread::sleep_for(std::chrono::milliseconds(12)); }

class LoopDiskTest : public ::testing::TestWithParam<LoopIo> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::access("/dev/loop-control", R_OK | W_OK) != 0) {
      GTEST_SKIP() << "loop devices need root and /dev/loop-control";
    }
    std::string pattern = "/var/tmp/proa-disk-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
    folder_ = open_folder("a");
  }

  void TearDown() override {
    if (base_.empty()) return;
    const auto own = folder_->folder();
    EXPECT_TRUE(becomes_true([&] { return count_loops(base_).value() == 0; }));
    folder_.reset();
    EXPECT_FALSE(std::filesystem::exists(own));
    EXPECT_TRUE(std::filesystem::remove(base_)) << "something is left in " << base_;
  }

  std::unique_ptr<DiskFolder> open_folder(const std::string& instance) {
    DiskOptions options;
    options.folder = base_;
    options.instance = instance;
    options.io = GetParam();
    auto folder = DiskFolder::open(options);
    EXPECT_TRUE(folder) << folder.error().message();
    return std::move(folder).value();
  }

  std::unique_ptr<LoopDisk> make(Bytes size, DiskOwner owner = {}) {
    auto disk = folder_->make(size, owner);
    EXPECT_TRUE(disk) << disk.error().message();
    return disk ? std::move(disk).value() : nullptr;
  }

  std::filesystem::path base_;
  std::unique_ptr<DiskFolder> folder_;
};

INSTANTIATE_TEST_SUITE_P(Io, LoopDiskTest, ::testing::Values(LoopIo::buffered, LoopIo::direct),
                         [](const auto& io) {
                           return io.param == LoopIo::buffered ? "buffered" : "direct";
                         });

TEST_P(LoopDiskTest, IsAnEmptyFileSystemThatBelongsToTheSandboxUser) {
  auto disk = make(Bytes::mib(512), {70'001, 70'002, 0700});
  const auto mount = disk->mount();
  ASSERT_TRUE(mount) << mount.error().message();
  struct stat status {};
  ASSERT_EQ(::fstatat(mount.value().get(), "", &status, AT_EMPTY_PATH), 0);
  EXPECT_EQ(status.st_uid, 70'001U);
  EXPECT_EQ(status.st_gid, 70'002U);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
  EXPECT_EQ(status.st_nlink, 2U);  // no folder inside, lost+found neither
  struct statvfs fs {};
  ASSERT_EQ(::fstatvfs(mount.value().get(), &fs), 0);
  EXPECT_TRUE(fs.f_flag & ST_NOSUID);
  EXPECT_TRUE(fs.f_flag & ST_NODEV);
  EXPECT_FALSE(fs.f_flag & ST_NOEXEC);
  ASSERT_TRUE(disk->set_owner({5, 6, 01777}));
  ASSERT_EQ(::fstatat(mount.value().get(), "", &status, AT_EMPTY_PATH), 0);
  EXPECT_EQ(status.st_uid, 5U);
  EXPECT_EQ(status.st_mode & 07777U, 01777U);
}

// Root may use what is reserved: a function never is.
TEST_P(LoopDiskTest, TakesItsWholeSizeInOneFileAndNotAByteMore) {
  constexpr uid_t kUser = 72'000;
  for (const std::uint64_t mib : {512U, 700U}) {
    auto disk = make(Bytes::mib(mib), {kUser, kUser, 0700});
    const auto mount = disk->mount();
    ASSERT_TRUE(mount);
    const auto taken = write_as_user(mount.value().get(), kUser, Bytes::mib(mib));
    EXPECT_EQ(taken.bytes, Bytes::mib(mib).count());
    EXPECT_EQ(taken.one_more, -1);
    EXPECT_EQ(taken.error, ENOSPC);
  }
}

TEST_P(LoopDiskTest, OfTheLargestSizeCostsLittleUntilItIsWritten) {
  auto disk = make(Bytes::mib(10'240));
  const auto mount = disk->mount();
  ASSERT_TRUE(mount);
  struct statvfs fs {};
  ASSERT_EQ(::fstatvfs(mount.value().get(), &fs), 0);
  EXPECT_EQ(fs.f_bavail * fs.f_frsize, Bytes::mib(10'240).count() + Bytes::kib(4).count());
  EXPECT_EQ(write_file(mount.value().get(), "file", 1U << 20U), 1U << 20U);
  ::syncfs(mount.value().get());
  EXPECT_LE(disk->allocated().value(), Bytes::mib(4));
}

TEST_P(LoopDiskTest, ASecondMountShowsTheSameContent) {
  auto disk = make(Bytes::mib(512));
  {
    const auto first = disk->mount();
    ASSERT_TRUE(first);
    ASSERT_EQ(write_file(first.value().get(), "kept", 1000), 1000U);
  }
  const auto second = disk->mount();
  ASSERT_TRUE(second) << second.error().message();
  struct stat status {};
  EXPECT_EQ(::fstatat(second.value().get(), "kept", &status, 0), 0);
  EXPECT_EQ(status.st_size, 1000);
}

TEST_P(LoopDiskTest, WipeGivesAnEmptyDiskOfTheSameOwner) {
  auto disk = make(Bytes::mib(512), {71'000, 71'000, 0700});
  {
    const auto mount = disk->mount();
    ASSERT_TRUE(mount);
    ASSERT_EQ(write_file(mount.value().get(), "secret", 4096), 4096U);
  }
  const auto wiped = disk->wipe();
  ASSERT_TRUE(wiped) << wiped.error().message();
  const auto mount = disk->mount();
  ASSERT_TRUE(mount);
  struct stat status {};
  EXPECT_NE(::fstatat(mount.value().get(), "secret", &status, 0), 0);
  ASSERT_EQ(::fstatat(mount.value().get(), "", &status, AT_EMPTY_PATH), 0);
  EXPECT_EQ(status.st_uid, 71'000U);
  EXPECT_EQ(folder_->delete_released(10).value(), 0U);
  std::size_t images = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_->folder())) {
    if (entry.path().filename().string().starts_with("disk-")) ++images;
  }
  EXPECT_EQ(images, 1U);
}

TEST_P(LoopDiskTest, WipeKeepsADiskOnWhichNothingWasDone) {
  auto disk = make(Bytes::mib(512), {71'000, 71'000, 0700});
  pass_one_tick();
  const auto mount = disk->mount();
  ASSERT_TRUE(mount);
  ASSERT_EQ(::faccessat(mount.value().get(), ".", R_OK, 0), 0);
  ASSERT_TRUE(disk->set_owner({71'002, 71'002, 0700}));
  EXPECT_TRUE(disk->is_untouched());
  ASSERT_TRUE(disk->wipe());
  EXPECT_EQ(write_file(mount.value().get(), "same", 4096), 4096U);  // not shut down: kept
  EXPECT_FALSE(disk->is_untouched());
}

TEST_P(LoopDiskTest, IsTouchedByWhateverAnEnvironmentCanLeave) {
  const std::vector<std::function<void(int)>> deeds = {
      [](int root) { ASSERT_EQ(::mkdirat(root, "x", 0700), 0); },
      [](int root) {
        ASSERT_EQ(::mkdirat(root, "x", 0700), 0);
        ASSERT_EQ(::unlinkat(root, "x", AT_REMOVEDIR), 0);
      },
      [](int root) { ASSERT_EQ(::fsetxattr(root, "user.note", "x", 1, 0), 0); },
      [](int root) { ASSERT_EQ(::fchmod(root, 0755), 0); },
      [](int root) {
        timespec times[2] = {{1, 0}, {1, 0}};
        ASSERT_EQ(::futimens(root, times), 0);
      },
  };
  for (const auto& deed : deeds) {
    auto disk = make(Bytes::mib(512));
    EXPECT_TRUE(disk->is_untouched());
    pass_one_tick();
    {
      const auto mount = disk->mount();
      const auto root = os::open_at(mount.value().get(), ".", O_RDONLY | O_DIRECTORY);
      deed(root.value().get());
    }
    EXPECT_FALSE(disk->is_untouched());
    ASSERT_TRUE(disk->set_owner({5, 5, 0700}));
    EXPECT_FALSE(disk->is_untouched());
    ASSERT_TRUE(disk->wipe());
    EXPECT_TRUE(disk->is_untouched());
  }
}

TEST_P(LoopDiskTest, ReleaseGivesTheImageBackAndMountSaysUnavailable) {
  auto disk = make(Bytes::mib(512));
  const auto mount = disk->mount();
  ASSERT_TRUE(mount);
  ASSERT_TRUE(disk->release());
  EXPECT_EQ(write_file(mount.value().get(), "late", 4096), 0U);  // EIO
  const auto again = disk->mount();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::unavailable);
  ASSERT_TRUE(disk->release());
}

TEST_P(LoopDiskTest, WhatEveryInstanceLeftInTheFolderGoesOursToo) {
  const auto base = folder_->folder().parent_path();
  for (const auto& folder : {base / "proa-7", base / "proa-8", folder_->folder()}) {
    std::filesystem::create_directory(folder);
    std::ofstream(folder / "disk-1.ext4") << "image";
  }
  std::ofstream(base / "note") << "not an instance's";
  EXPECT_EQ(folder_->clean().value(), 3U);
  EXPECT_FALSE(std::filesystem::exists(base / "proa-7"));
  EXPECT_FALSE(std::filesystem::exists(base / "proa-8"));
  EXPECT_TRUE(std::filesystem::remove(base / "note"));
  EXPECT_TRUE(make(Bytes::mib(512))) << "the folder is as new";
}

TEST_P(LoopDiskTest, LeftoversOfACrashedInstanceGoThoughTheyAreMounted) {
  auto crashed = open_folder("crashed");
  LoopDisk* left = crashed->make(Bytes::mib(512), {}).value().release();
  // A process of the crashed instance that still has it mounted, as a sandbox would.
  auto mount = left->mount();
  ASSERT_TRUE(mount);
  EXPECT_EQ(count_loops(crashed->folder()).value(), 1U);
  EXPECT_EQ(folder_->clean().value(), 1U);
  EXPECT_FALSE(std::filesystem::exists(crashed->folder()));
  mount.value().reset();
  delete left;
  EXPECT_TRUE(becomes_true([&] { return count_loops(crashed->folder()).value() == 0; }));
  EXPECT_EQ(folder_->clean().value(), 0U);
}

/// In a mount namespace of its own: moves `mount` to `target` and writes 300 MB there as the user
/// that owns it. 0, or the step that failed.
int write_in_namespace(int mount, const std::filesystem::path& target) {
  if (::unshare(CLONE_NEWNS) != 0) return 1;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 2;
  if (::move_mount(mount, "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) return 3;
  struct statfs fs {};
  if (::statfs(target.c_str(), &fs) != 0 || fs.f_type != EXT4_SUPER_MAGIC) return 4;
  if (::setresgid(72'000, 72'000, 72'000) != 0 || ::setresuid(72'000, 72'000, 72'000) != 0)
    return 5;
  os::UniqueFd root(::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return 6;
  return write_file(root.get(), "big", 300'000'000) == 300'000'000 ? 0 : 7;
}

TEST_P(LoopDiskTest, AProcessWith64MebibytesOfMemoryWrites300MegabytesToIt) {
  CgroupOptions options;
  options.instance = test::fresh_instance();
  auto backend = CgroupBackend::detect(options).value();
  if (backend->kind() == os::CgroupKind::none) GTEST_SKIP() << "no control groups on this host";
  auto cgroup = backend->create("1").value();
  ASSERT_TRUE(
      cgroup->set_limits(CgroupLimits::for_function(Bytes::mib(64), 64, 128, CpuPolicy::weight)));
  auto control = os::CgroupControl::open(cgroup->daemon_files().value()).value();
  auto disk = make(Bytes::mib(512), {72'000, 72'000, 0700});
  const auto mount = disk->mount();
  ASSERT_TRUE(mount);
  const auto target = folder_->folder() / "mount-point";
  ASSERT_EQ(::mkdir(target.c_str(), 0755), 0);
  ASSERT_EQ(::chmod(folder_->folder().c_str(), 0711), 0);
  ASSERT_EQ(::chmod(base_.c_str(), 0711), 0);
  auto child = test::start_in(cgroup->entry_fds().value(),
                              [&] { return write_in_namespace(mount.value().get(), target); });
  const int status = child->wait();
  EXPECT_TRUE(WIFEXITED(status)) << "killed by " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(control.oom_kills().value(), 0U);
  ::rmdir(target.c_str());
  EXPECT_TRUE(disk->release());
  EXPECT_TRUE(cgroup->remove());
}

TEST_P(LoopDiskTest, RefusesSizesAndInstancesThatCannotBe) {
  for (const auto size : {Bytes(0), Bytes::mib(100'000)}) {
    const auto refused = folder_->make(size, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::invalid);
  }
  DiskOptions options;
  options.folder = base_;
  options.instance = "a/b";
  EXPECT_EQ(DiskFolder::open(options).error().code(), Errc::invalid);
}

TEST_P(LoopDiskTest, NamesTheProgramThatIsMissing) {
  DiskOptions options;
  options.folder = base_;
  options.instance = "b";
  options.mkfs = "/nonexistent/mkfs.ext4";
  auto folder = DiskFolder::open(options).value();
  const auto failed = folder->prepare(Bytes::mib(512));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::not_found);
  EXPECT_NE(failed.error().message().find("/nonexistent/mkfs.ext4"), std::string::npos);
}

}  // namespace
}  // namespace proa::launcher
