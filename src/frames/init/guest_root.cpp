#include "frames/init/guest_root.h"

#include "frames/guest_devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace proa::frames::init {
namespace {

constexpr int kTurnMs = 10;
constexpr int kTurns = 200;  // two seconds
// Text of a virtio block device's number.
constexpr std::string_view kBlockDevice = "0x0002";
// What statfs(2) calls the file systems that an initramfs is unpacked into (linux/magic.h).
constexpr unsigned long kRamfs = 0x858458f6;
constexpr unsigned long kTmpfs = 0x01021994;
// As the host mounts a container's /tmp (launcher/disk): inode tables are not written in advance,
// and nothing has to outlive a crash.
constexpr const char* kTmpOptions = "noinit_itable,nobarrier,noauto_da_alloc";

/// Calls `body` with each name in a folder; a folder that is not there has none.
template <class Body>
void for_each_name(const char* folder, const Body& body) {
  DIR* entries = ::opendir(folder);
  if (entries == nullptr) return;
  while (const dirent* entry = ::readdir(entries)) {
    if (entry->d_name[0] != '.') body(std::string_view(entry->d_name));
  }
  ::closedir(entries);
}

int count_devices(const char* devices) {
  int count = 0;
  for_each_name(devices, [&](std::string_view name) {
    std::array<char, 16> said{};
    const ssize_t size = read_whole(Path({devices, "/", name, "/device"}).c_str(), said);
    if (size <= 0) return;
    const std::string_view number(said.data(), static_cast<std::size_t>(size));
    count += without_newline(number) == kBlockDevice ? 1 : 0;
  });
  return count;
}

/// Writes down the disks that are there; how many.
int note_disks(const DiskFolders& folders, Disks& out) {
  int count = 0;
  for_each_name(folders.disks, [&](std::string_view name) {
    std::array<char, 32> said{};
    const ssize_t size = read_whole(Path({folders.disks, "/", name, "/serial"}).c_str(), said);
    const Path node({folders.nodes, "/", name});
    // Only disks of virtio have a serial here; it may be empty.
    if (size < 0 || ::access(node.c_str(), F_OK) != 0) return;
    ++count;
    const auto serial = without_newline({said.data(), static_cast<std::size_t>(size)});
    if (serial == kRootDisk) out.root = node;
    if (serial == kCodeDisk) out.code = node;
    if (serial == kLayersDisk) out.layers = node;
    if (serial == kTmpDisk) out.tmp = node;
  });
  return count;
}

/// The new file system on /tmp belongs to the function, and nothing is in it.
bool give_tmp_away(const char* folder) {
  const int tmp = ::open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (tmp < 0) return false;
  const bool is_given = (::unlinkat(tmp, "lost+found", AT_REMOVEDIR) == 0 || errno == ENOENT) &&
                        ::fchown(tmp, kGuestUid, kGuestGid) == 0 && ::fchmod(tmp, 0700) == 0;
  const int error = errno;
  ::close(tmp);
  errno = error;
  return is_given;
}

bool is_in_memory(const char* folder) {
  struct statfs status {};
  if (::statfs(folder, &status) != 0) return false;
  const auto type = static_cast<unsigned long>(status.f_type) & 0xffffffffUL;
  return type == kRamfs || type == kTmpfs;
}

struct Place {
  const char* name;
  const Path& disk;
  std::string_view folder;
  const char* type;
  unsigned long flags;
  const char* options;
};

constexpr unsigned long kInert = MS_NOSUID | MS_NODEV;

/// Null, or the place's name.
const char* mount_place(const Place& place, const char* root) {
  errno = ENODEV;
  const Path target({root, place.folder});
  if (place.disk.is_empty() ||
      ::mount(place.disk.c_str(), target.c_str(), place.type, place.flags, place.options) != 0) {
    return place.name;
  }
  return nullptr;
}

}  // namespace

Disks find_disks(const DiskFolders& folders) {
  Disks disks;
  const int expected = count_devices(folders.devices);
  for (int turn = 0; turn < kTurns && note_disks(folders, disks) < expected; ++turn) {
    ::poll(nullptr, 0, kTurnMs);
  }
  return disks;
}

const char* mount_root(const Disks& disks, const char* root) {
  return mount_place({"/ (disk root)", disks.root, "", "erofs", kInert | MS_RDONLY, nullptr}, root);
}

const char* mount_tmp(const Disks& disks, const char* root) {
  const Place tmp{"/tmp (disk tmp)", disks.tmp, "/tmp", "ext4", kInert | MS_NOATIME, kTmpOptions};
  if (const char* failed = mount_place(tmp, root); failed != nullptr) return failed;
  return give_tmp_away(Path({root, "/tmp"}).c_str()) ? nullptr : "/tmp for its owner";
}

const char* mount_code(const Disks& disks, const char* root) {
  const Place code{"/var/task (disk code)", disks.code, "/var/task", "erofs",
                   kInert | MS_RDONLY,      nullptr};
  const Place layers{"/opt (disk opt)", disks.layers, "/opt", "erofs", kInert | MS_RDONLY, nullptr};
  // A container image brings its own /var/task.
  const char* const failed = disks.code.is_empty() ? nullptr : mount_place(code, root);
  if (failed != nullptr) return failed;
  return disks.layers.is_empty() ? nullptr : mount_place(layers, root);
}

const char* prepare_devices(const char* folder) {
  static constexpr std::array<std::string_view, 5> kDevices{"null", "zero", "full", "random",
                                                            "urandom"};
  static constexpr std::array<std::array<const char*, 2>, 4> kLinks{
      {{"/fd", "/proc/self/fd"},
       {"/stdin", "/proc/self/fd/0"},
       {"/stdout", "/proc/self/fd/1"},
       {"/stderr", "/proc/self/fd/2"}}};
  // The disks and the port among the others: whoever has them open keeps them.
  if (!clear_folder(folder, kDevices)) return "/dev, which has more than it may have";
  for (const std::string_view name : kDevices) {
    const Path device({folder, "/", name});
    if (::chmod(device.c_str(), 0666) != 0) return "a device in /dev";
  }
  for (const auto& [name, target] : kLinks) {
    if (::symlink(target, Path({folder, name}).c_str()) != 0) return "a link in /dev";
  }
  constexpr unsigned long kFlags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC;
  return ::mount(nullptr, folder, nullptr, kFlags, nullptr) == 0 ? nullptr : "/dev read-only";
}

const char* enter_root(const char* root) {
  if (::mount("/proc", Path({root, "/proc"}).c_str(), nullptr, MS_MOVE, nullptr) != 0) {
    return "/proc in its place";
  }
  if (::mount("/dev", Path({root, "/dev"}).c_str(), nullptr, MS_MOVE, nullptr) != 0) {
    return "/dev in its place";
  }
  // What could not be taken away only costs memory: it is out of reach.
  ::umount2("/sys", MNT_DETACH);
  if (::chdir(root) != 0) return "the root";
  if (is_in_memory("/")) clear_folder("/", {});
  if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) return "the root in its place";
  return ::chroot(".") == 0 && ::chdir("/") == 0 ? nullptr : "the root in its place";
}

}  // namespace proa::frames::init
