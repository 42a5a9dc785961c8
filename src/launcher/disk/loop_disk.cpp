#include "launcher/disk/loop_disk.h"

#include "launcher/cgroup/cgroup_tree.h"
#include "launcher/disk/disk_image.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace proa::launcher {
namespace {

using std::filesystem::path;

// ext4.h of the kernel, not in the user headers: stops a file system without writing anything out.
constexpr unsigned long kExt4Shutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kDropEverything = 2;  // EXT4_GOING_FLAGS_NOLOGFLUSH
constexpr std::size_t kReleasedMax = 64;
constexpr const char* kInstancePrefix = "proa-";

/// An error of the mount calls, with what the kernel says through the context's descriptor.
Error mount_error(int context, const std::string& what) {
  const int reason = errno;
  std::array<char, 512> said{};
  const ssize_t count = ::read(context, said.data(), said.size() - 1);
  std::string text = what;
  if (count > 0) text += " (" + std::string(said.data(), static_cast<std::size_t>(count)) + ")";
  return os_error(text, reason);
}

/// A detached mount of the ext4 file system on `node`; a second one shares the first one's.
Result<os::UniqueFd> mount_detached(const path& node) {
  os::UniqueFd context(::fsopen("ext4", FSOPEN_CLOEXEC));
  if (!context) return os_error("fsopen ext4");
  if (::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", node.c_str(), 0) != 0) {
    return mount_error(context.get(), "mount " + node.string());
  }
  // noinit_itable: else the kernel would zero the inode tables of a sparse image in the background
  // (160 MB for 10 GiB). The other two: no flush to the host's disk, nothing outlives a crash.
  for (const char* option : {"noinit_itable", "nobarrier", "noauto_da_alloc"}) {
    if (::fsconfig(context.get(), FSCONFIG_SET_FLAG, option, nullptr, 0) != 0) {
      return mount_error(context.get(), "mount " + node.string() + " with " + option);
    }
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return mount_error(context.get(), "mount " + node.string());
  }
  os::UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC,
                               MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME));
  if (!mount) return mount_error(context.get(), "fsmount " + node.string());
  return mount;
}

Result<void> make_private_folder(const path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return os_error("create " + folder.string());
  }
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) return os_error("stat " + folder.string());
  if (S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & 0077U) == 0) {
    return ok();
  }
  return Error(Errc::invalid, folder.string() + " is not a folder that only we can enter");
}

/// Deletes the image files in `folder` and then the folder; returns how many disks there were.
Result<std::size_t> delete_images(const path& folder) {
  std::size_t disks = 0;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename();
    if (!name.ends_with(".ext4") && !name.ends_with(".new")) continue;
    if (name.starts_with("disk-")) ++disks;
    if (::unlink(entry->path().c_str()) != 0 && errno != ENOENT) {
      return os_error("delete " + entry->path().string());
    }
  }
  if (failed && failed != std::errc::no_such_file_or_directory) {
    return os_error("list " + folder.string(), failed.value());
  }
  return disks;
}

}  // namespace

Result<std::unique_ptr<DiskFolder>> DiskFolder::open(DiskOptions options) {
  if (!is_cgroup_name(options.instance)) {
    return Error(Errc::invalid, "instance '" + options.instance + "' cannot name a folder");
  }
  std::error_code failed;
  std::filesystem::create_directories(options.folder, failed);
  if (failed) return os_error("create " + options.folder.string(), failed.value());
  options.folder = std::filesystem::canonical(options.folder, failed);
  if (failed) return os_error(options.folder.string(), failed.value());
  auto own = options.folder / (kInstancePrefix + options.instance);
  TRY(make_private_folder(own));
  return std::unique_ptr<DiskFolder>(new DiskFolder(std::move(options), std::move(own)));
}

DiskFolder::~DiskFolder() {
  (void)delete_released(released_.size());
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(path_, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename();
    if (name.starts_with("template-")) ::unlink(entry->path().c_str());
  }
  ::rmdir(path_.c_str());
}

path DiskFolder::template_of(Bytes size) const {
  return path_ / ("template-" + std::to_string(size.count()) + ".ext4");
}

path DiskFolder::next_image() { return path_ / ("disk-" + std::to_string(++images_) + ".ext4"); }

Result<void> DiskFolder::prepare(Bytes size) {
  if (size < Bytes::mib(1) || size > Bytes::mib(65'536)) {
    return Error(Errc::invalid,
                 "disk of " + std::to_string(size.count()) + " bytes: 1 MiB to 64 GiB are allowed");
  }
  const path finished = template_of(size);
  if (::access(finished.c_str(), F_OK) == 0) return ok();
  const path unfinished = finished.string() + ".new";
  TRY(launcher::make_image(unfinished, size, options_.mkfs));
  if (::rename(unfinished.c_str(), finished.c_str()) == 0) return ok();
  return os_error("rename to " + finished.string());
}

Result<void> DiskFolder::make_room(Bytes size) {
  TRY(prepare(size));
  if (released_.size() < kReleasedMax) return ok();
  TRY(delete_released(1));
  return ok();
}

Result<std::unique_ptr<LoopDisk>> DiskFolder::make(Bytes size, DiskOwner owner) {
  TRY(make_room(size));
  std::unique_ptr<LoopDisk> disk(new LoopDisk(*this, size, owner));
  TRY(disk->attach());
  return disk;
}

Result<std::unique_ptr<ImageDisk>> DiskFolder::make_image(Bytes size) {
  TRY(make_room(size));
  path image = next_image();
  TRY(copy_sparse(template_of(size), image));
  auto file = os::open_file(image, O_RDWR | O_NOFOLLOW);
  if (!file) {
    released_.push_back(std::move(image));
    return file.error();
  }
  return std::unique_ptr<ImageDisk>(
      new ImageDisk(*this, std::move(image), std::move(file.value())));
}

Result<std::size_t> DiskFolder::delete_released(std::size_t count) {
  for (; count > 0 && !released_.empty(); --count) {
    const path image = std::move(released_.back());
    released_.pop_back();
    if (::unlink(image.c_str()) != 0 && errno != ENOENT) {
      return os_error("delete " + image.string());
    }
  }
  return released_.size();
}

Result<std::size_t> DiskFolder::clean() {
  std::vector<path> folders;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(options_.folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().filename().string().starts_with(kInstancePrefix)) folders.push_back(at->path());
  }
  if (failed) return os_error("read " + options_.folder.string(), failed.value());
  std::size_t images = 0;
  for (const path& folder : folders) {
    TRY(const auto deleted, clean_one(folder));
    images += deleted;
  }
  return images;
}

Result<std::size_t> DiskFolder::clean_one(const path& folder) const {
  TRY(detach_loops(folder));
  TRY(const auto images, delete_images(folder));
  if (folder == path_) return images;
  if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) return os_error("delete " + folder.string());
  return images;
}

LoopDisk::~LoopDisk() { (void)release(); }

Result<void> LoopDisk::attach() {
  image_ = folder_.next_image();
  TRY(copy_sparse(folder_.template_of(size_), image_));
  TRY(auto loop, attach_loop(image_, folder_.options_.io));
  node_ = loop.node;
  TRY(anchor_, mount_detached(node_));
  // Closing `loop` here leaves the device to the mount: it detaches when the last one ends.
  return prepare_root();
}

Result<void> LoopDisk::prepare_root() {
  if (::unlinkat(anchor_.get(), "lost+found", AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return os_error("remove lost+found of " + image_.string());
  }
  return set_owner(owner_);
}

Result<void> LoopDisk::set_owner(DiskOwner owner) {
  const bool is_fresh = !fresh_ || is_untouched();
  TRY(const auto root, os::open_at(anchor_.get(), ".", O_RDONLY | O_DIRECTORY));
  if (::fchown(root.get(), owner.uid, owner.gid) != 0) {
    return os_error("owner of the root of " + image_.string());
  }
  if (::fchmod(root.get(), owner.mode) != 0) {
    return os_error("mode of the root of " + image_.string());
  }
  owner_ = owner;
  if (is_fresh) {
    TRY(fresh_, state());
  }
  return ok();
}

Result<LoopDisk::State> LoopDisk::state() const {
  struct stat root {};
  if (::fstatat(anchor_.get(), "", &root, AT_EMPTY_PATH) != 0) {
    return os_error("stat of the root of " + image_.string());
  }
  struct statfs fs {};
  if (::fstatfs(anchor_.get(), &fs) != 0) return os_error("statfs of " + image_.string());
  // Everything on the disk begins with an entry, an attribute or the mode of its root folder, and
  // each of these sets the root's change time, which nobody can set back.
  return State{root.st_ctim.tv_sec, root.st_ctim.tv_nsec, fs.f_bfree, fs.f_ffree};
}

bool LoopDisk::is_untouched() const {
  if (!anchor_ || !fresh_ || was_mounted_in_same_tick_) return false;
  const auto now = state();
  return now && now.value() == *fresh_;
}

Result<os::UniqueFd> LoopDisk::mount() {
  if (!anchor_) return Error(Errc::unavailable, "the disk is released");
  // A change in the same tick as our own last one would leave the same change time.
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (fresh_ && std::pair<std::int64_t, std::int64_t>(now.tv_sec, now.tv_nsec) <=
                    std::pair(fresh_->changed_s, fresh_->changed_ns)) {
    was_mounted_in_same_tick_ = true;
  }
  return mount_detached(node_);
}

Result<void> LoopDisk::wipe() {
  if (is_untouched()) return ok();
  TRY(release());
  TRY(folder_.prepare(size_));
  return attach();
}

Result<void> LoopDisk::release() {
  Result<void> result = ok();
  if (anchor_) {
    auto root = os::open_at(anchor_.get(), ".", O_RDONLY | O_DIRECTORY);
    std::uint32_t how = kDropEverything;
    if (!root) {
      result = root.error();
    } else if (::ioctl(root.value().get(), kExt4Shutdown, &how) != 0) {
      result = os_error("shut down the file system of " + image_.string());
    }
    // `root` is closed here: an open file would keep the file system beyond its mount.
  }
  anchor_.reset();
  fresh_.reset();
  was_mounted_in_same_tick_ = false;
  if (!image_.empty()) folder_.released_.push_back(std::move(image_));
  image_.clear();
  node_.clear();
  return result;
}

Result<Bytes> LoopDisk::allocated() const {
  struct stat status {};
  if (::stat(image_.c_str(), &status) != 0) return os_error("stat " + image_.string());
  return Bytes(static_cast<std::uint64_t>(status.st_blocks) * 512);
}

}  // namespace proa::launcher
