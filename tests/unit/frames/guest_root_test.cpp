// Disks are found in folders in place of /sys and mounted from loop devices, in a mount namespace
// with a file system in memory in place of the initramfs.
#include "frames/init/guest_root.h"

#include "frames/guest_devices.h"
#include "os/unique_fd.h"
#include "unit/frames/apart.h"
#include "unit/frames/scratch_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <thread>

namespace proa::frames::init {
namespace {

class FindDisksTest : public testing::Test {
 protected:
  void device(const std::string& name, const std::string& number) const {
    folder_.write("devices/" + name + "/device", number);
  }
  void disk(const std::string& name, const std::string& serial) const {
    folder_.write("nodes/" + name, "");
    folder_.write("disks/" + name + "/serial", serial);
  }
  Disks find() const { return find_disks({devices_.c_str(), disks_.c_str(), nodes_.c_str()}); }

  ScratchFolder folder_;
  std::string devices_ = folder_.at("devices");
  std::string disks_ = folder_.at("disks");
  std::string nodes_ = folder_.at("nodes");
};

TEST_F(FindDisksTest, KnowsThemByTheirSerials) {
  folder_.write("disks/loop0/size", "0");
  disk("vda", "tmp\n");
  disk("vdb", "root");
  disk("vdc", "");
  disk("vdd", "rootless");
  disk("vde", "code");
  const Disks disks = find();
  EXPECT_EQ(disks.root.c_str(), folder_.at("nodes/vdb"));
  EXPECT_EQ(disks.code.c_str(), folder_.at("nodes/vde"));
  EXPECT_EQ(disks.tmp.c_str(), folder_.at("nodes/vda"));
  EXPECT_TRUE(disks.layers.is_empty());
}

TEST_F(FindDisksTest, WaitsForADriverThatIsNotReady) {
  device("virtio0", "0x0003\n");
  device("virtio1", "0x0002\n");
  std::thread driver([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    disk("vda", "root");
  });
  const Disks disks = find();
  driver.join();
  EXPECT_EQ(disks.root.c_str(), folder_.at("nodes/vda"));
}

TEST_F(FindDisksTest, WaitsForNothingWhereThereIsNoDisk) {
  device("virtio0", "0x0003\n");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(find().root.is_empty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

/// All of them, as a machine that boots for a function does.
const char* mount_disks(const Disks& disks, const char* root) {
  const char* failed = mount_root(disks, root);
  if (failed == nullptr) failed = mount_tmp(disks, root);
  return failed != nullptr ? failed : mount_code(disks, root);
}

TEST(MountDisks, NamesTheOneThatIsMissing) {
  errno = 0;
  EXPECT_STREQ(mount_disks({}, "/no/such/folder"), "/ (disk root)");
  EXPECT_EQ(errno, ENODEV);
}

/// A loop device on an image; it goes with the last mount or descriptor.
struct Loop {
  os::UniqueFd fd;
  dev_t device = 0;
};

std::optional<Loop> loop_on(const std::string& image, bool is_read_only) {
  const os::UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  const os::UniqueFd file(::open(image.c_str(), is_read_only ? O_RDONLY : O_RDWR));
  for (int tries = 0; control && file && tries < 50; ++tries) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return std::nullopt;
    const std::string node = "/dev/loop" + std::to_string(number);
    Loop loop{os::UniqueFd(::open(node.c_str(), O_RDWR | O_CLOEXEC)), 0};
    loop_config config{};
    config.fd = static_cast<std::uint32_t>(file.get());
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (is_read_only ? LO_FLAGS_READ_ONLY : 0);
    if (loop.fd && ::ioctl(loop.fd.get(), LOOP_CONFIGURE, &config) == 0) {
      struct stat status {};
      if (::fstat(loop.fd.get(), &status) != 0) return std::nullopt;
      loop.device = status.st_rdev;
      return loop;
    }
    if (errno != EBUSY) return std::nullopt;  // else another took it in between
  }
  return std::nullopt;
}

class EnterRootTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"proc", "dev", "sys", "tmp", "opt", "var/task"}) {
      std::filesystem::create_directories(folder_.path() / "root" / name);
    }
    folder_.write("root/mark", "root");
    folder_.write("code/handler", "code");
    folder_.write("opt/layer", "opt");
    std::filesystem::create_directory(folder_.path() / "stage");
    for (const char* name : {kRootDisk, kCodeDisk, kLayersDisk}) {
      make_image(name, "mkfs.erofs --all-root " + folder_.at(image(name)) + " " + folder_.at(name));
    }
    make_image(kTmpDisk, "truncate -s 8M " + folder_.at(image(kTmpDisk)) + " && mkfs.ext4 -q " +
                             folder_.at(image(kTmpDisk)));
  }
  static std::string image(const std::string& name) { return name + ".image"; }
  void make_image(const std::string& name, const std::string& command) {
    if (IsSkipped()) return;
    if (::system((command + " > /dev/null 2>&1").c_str()) != 0) {
      GTEST_SKIP() << "no image can be made here: " << command;
    }
    auto loop = loop_on(folder_.at(image(name)), name != kTmpDisk);
    if (!loop) GTEST_SKIP() << "no loop device can be had here";
    loops_.emplace(name, std::move(*loop));
  }

  /// In place of an initramfs with its mounts: not the host's /dev, whose nodes would go.
  bool enter_stage() const {
    const std::string stage = folder_.at("stage");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("proa", stage.c_str(), "tmpfs", 0, "size=1m") != 0 ||
        ::chroot(stage.c_str()) != 0 || ::chdir("/") != 0) {
      return false;
    }
    for (const char* name : {"/proc", "/dev", "/sys", "/newroot", "/modules"}) {
      if (::mkdir(name, 0755) != 0) return false;
    }
    if (::mount("proc", "/proc", "proc", 0, nullptr) != 0 ||
        ::mount("proa", "/dev", "tmpfs", 0, "size=64k") != 0 || ::mkdir("/dev/input", 0755) != 0) {
      return false;
    }
    unsigned minor_number = 3;
    for (const char* name : {"null", "zero", "full", "random", "urandom", "vport1p1"}) {
      const std::string path = std::string("/dev/") + name;
      if (::mknod(path.c_str(), S_IFCHR | 0600, ::makedev(1, minor_number++)) != 0) return false;
    }
    for (const auto& [name, loop] : loops_) {
      if (::mknod(node(name).c_str(), S_IFBLK | 0600, loop.device) != 0) return false;
    }
    return true;
  }
  static std::string node(const std::string& name) { return "/dev/vd-" + name; }
  static Path path_of(const char* name) { return Path({node(name)}); }
  static Disks disks() {
    return {path_of(kRootDisk), path_of(kCodeDisk), path_of(kLayersDisk), path_of(kTmpDisk)};
  }

  ScratchFolder folder_;
  std::map<std::string, Loop> loops_;
};

bool is_there(const char* path) { return ::access(path, F_OK) == 0; }

bool has_flags(const char* path, unsigned long flags) {
  struct statvfs status {};
  return ::statvfs(path, &status) == 0 && (status.f_flag & flags) == flags;
}

int names_in(const char* folder) {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

/// What is wrong with the root that was entered; 0: nothing.
int check_root() {
  if (!is_there("/mark") || !is_there("/var/task/handler") || !is_there("/opt/layer")) return 1;
  if (!is_there("/proc/self/status") || names_in("/sys") != 0) return 2;
  constexpr unsigned long kInert = ST_NOSUID | ST_NODEV;
  for (const char* folder : {"/", "/var/task", "/opt"}) {
    if (!has_flags(folder, kInert | ST_RDONLY)) return 3;
  }
  if (!has_flags("/tmp", kInert | ST_NOATIME) || has_flags("/tmp", ST_RDONLY)) return 4;
  struct stat tmp {};
  if (::stat("/tmp", &tmp) != 0 || tmp.st_uid != kGuestUid || tmp.st_gid != kGuestGid) return 5;
  if ((tmp.st_mode & 07777U) != 0700 || names_in("/tmp") != 0) return 6;
  if (names_in("/dev") != 9 || !has_flags("/dev", ST_RDONLY | ST_NOSUID | ST_NOEXEC)) return 7;
  struct stat device {};
  if (::stat("/dev/null", &device) != 0 || device.st_mode != (S_IFCHR | 0666)) return 8;
  std::error_code failed;
  if (std::filesystem::read_symlink("/dev/fd", failed) != "/proc/self/fd") return 9;
  return is_there("/newroot") || is_there("/modules") ? 10 : 0;
}

TEST_F(EnterRootTest, ShowsWhatAContainerShowsAndDropsTheInitramfs) {
  EXPECT_EQ(apart(CLONE_NEWNS | CLONE_NEWPID,
                  [this] {
                    if (!enter_stage()) return 20;
                    const int stage = ::open("/", O_RDONLY | O_DIRECTORY);
                    if (mount_disks(disks(), "/newroot") != nullptr) return 21;
                    if (prepare_devices("/dev") != nullptr) return 22;
                    if (enter_root("/newroot") != nullptr) return 23;
                    if (::faccessat(stage, "modules", F_OK, 0) == 0) return 24;
                    return check_root();
                  }),
            0);
}

TEST_F(EnterRootTest, NeedsNeitherLayersNorCodeButTmp) {
  EXPECT_EQ(apart(CLONE_NEWNS | CLONE_NEWPID,
                  [this] {
                    if (!enter_stage()) return 20;
                    Disks some = disks();
                    some.layers = {};
                    some.code = {};
                    if (mount_disks(some, "/newroot") != nullptr) return 21;
                    if (names_in("/newroot/var/task") != 0) return 25;
                    // What is mounted already cannot be mounted on itself.
                    if (::umount2("/newroot", MNT_DETACH) != 0) return 24;
                    some.tmp = {};
                    const char* failed = mount_disks(some, "/newroot");
                    if (failed == nullptr) return 22;
                    return std::string_view(failed) == "/tmp (disk tmp)" ? 0 : 23;
                  }),
            0);
}

TEST_F(EnterRootTest, RefusesADiskWithoutItsFileSystem) {
  EXPECT_EQ(apart(CLONE_NEWNS | CLONE_NEWPID,
                  [this] {
                    if (!enter_stage()) return 20;
                    Disks wrong = disks();
                    wrong.tmp = wrong.code;
                    errno = 0;
                    const char* failed = mount_disks(wrong, "/newroot");
                    if (failed == nullptr) return 21;
                    return std::string_view(failed) == "/tmp (disk tmp)" && errno != 0 ? 0 : 22;
                  }),
            0);
}

}  // namespace
}  // namespace proa::frames::init
