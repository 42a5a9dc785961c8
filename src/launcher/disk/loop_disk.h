// Disks for /tmp: size-limited ext4 images on loop devices, mounted nowhere until the spawn role
// puts them into an environment.
//
// A tmpfs would be charged to the function's memory; this is not: written pages are page cache,
// which the kernel takes back. A disk of N MiB takes N MiB of file data (N * 1,048,576 bytes, as
// Lambda's EphemeralStorage) and a little more: ENOSPC comes within 3 % of N + 16 MiB. The file is
// sparse, so a disk costs 250 KiB until it is written; whether the host has room is the caller's
// question. Nothing is journalled or flushed: a disk does not outlive its environment.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "launcher/disk/image_disk.h"
#include "launcher/disk/loop_device.h"
#include "os/unique_fd.h"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proa::launcher {

struct DiskOptions {
  std::filesystem::path folder;  ///< where images lie: a real disk with room, ours alone
  std::string instance;          ///< images of an instance lie in folder/proa-<instance>
  std::filesystem::path mkfs = "/usr/sbin/mkfs.ext4";
  LoopIo io = LoopIo::buffered;
};

/// Owner of a disk's root folder.
struct DiskOwner {
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0700;  ///< as Lambda's /tmp
};

class LoopDisk;

/// Makes disks. Owned by the pool role, single thread; outlives every disk.
class DiskFolder {
 public:
  /// Makes the folder of the instance (mode 0700). Errc: invalid (instance), os.
  static Result<std::unique_ptr<DiskFolder>> open(DiskOptions options);
  DiskFolder(const DiskFolder&) = delete;
  DiskFolder& operator=(const DiskFolder&) = delete;
  /// Deletes released images and templates, and the instance's folder if nothing else is in it.
  ~DiskFolder();

  /// Formats the template for disks of `size` unless it is there: about 10 ms, for start-up.
  /// Errc: invalid (not 1 MiB to 64 GiB), not_found (mkfs), exhausted, os.
  Result<void> prepare(Bytes size);
  /// A new, empty disk (prepare() if need be, then about 4 ms). Errc: as prepare and attach_loop.
  Result<std::unique_ptr<LoopDisk>> make(Bytes size, DiskOwner owner);
  /// A new image of a disk like that of make(), without a device and mounted nowhere; its root
  /// folder is root's and holds lost+found. Errc: as prepare.
  Result<std::unique_ptr<ImageDisk>> make_image(Bytes size);
  /// Deletes at most `count` images of released disks; returns how many are left. Deleting takes
  /// 1 ms, and 20 to 60 ms where the host's file system is mounted with `discard`, so it is left to
  /// a time when nobody waits; make() does it when 64 have gathered. Errc: os.
  Result<std::size_t> delete_released(std::size_t count);
  /// Images of released disks that still take room.
  std::size_t released() const { return released_.size(); }
  /// Detaches and deletes what earlier instances left in the whole folder; returns how many images
  /// there were. Before the first make(), by the holder of the data folder, who has ended their
  /// processes: nobody else has a disk in it, though a daemon with another folder may have the
  /// number of one that was killed here. Errc: os.
  Result<std::size_t> clean();
  /// Folder of this instance.
  const std::filesystem::path& folder() const { return path_; }

 private:
  friend class ImageDisk;
  friend class LoopDisk;
  DiskFolder(DiskOptions options, std::filesystem::path path)
      : options_(std::move(options)), path_(std::move(path)) {}
  Result<void> make_room(Bytes size);
  Result<std::size_t> clean_one(const std::filesystem::path& folder) const;
  std::filesystem::path template_of(Bytes size) const;
  std::filesystem::path next_image();

  DiskOptions options_;
  std::filesystem::path path_;
  std::uint64_t images_ = 0;
  std::vector<std::filesystem::path> released_;
};

/// One disk: image, loop device and file system. Single thread.
class LoopDisk {
 public:
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;
  /// release(), failures ignored (the next start cleans up).
  ~LoopDisk();

  /// A new detached mount of the disk (nosuid, nodev, noatime; programs may run from it, as on
  /// Lambda) for one move_mount(2) by any process. Call it again for a further environment
  /// process with the same content. It ends with its descriptor, or once moved with its mount
  /// namespace. Errc: exhausted, os.
  Result<os::UniqueFd> mount();
  /// Changes owner and mode of the root folder. Errc: os.
  Result<void> set_owner(DiskOwner owner);
  /// Makes the disk empty for another environment; the last one must have ended. Content never goes
  /// from one to another: a disk that was written gets a new image, and only one on which nothing
  /// was ever created or changed is kept (10 us). Errc: as DiskFolder::make; then it is released.
  Result<void> wipe();
  /// Whether nothing was created, deleted or changed on the disk since it was made. Says no where
  /// the kernel's change times cannot tell: mounted within one tick (10 ms) of set_owner() or make.
  bool is_untouched() const;
  /// Gives everything back without writing anything out: whoever still has it mounted gets EIO. The
  /// image goes with DiskFolder::delete_released(). Release it before the control group is reset,
  /// so that its page cache is not charged any more. Errc: os.
  Result<void> release();

  Bytes size() const { return size_; }
  /// Space that the image takes on the host now. Errc: os.
  Result<Bytes> allocated() const;

 private:
  friend class DiskFolder;
  LoopDisk(DiskFolder& folder, Bytes size, DiskOwner owner)
      : folder_(folder), size_(size), owner_(owner) {}
  Result<void> attach();
  Result<void> prepare_root();

  /// What changes with the first thing that anybody does on the disk.
  struct State {
    std::int64_t changed_s = 0;
    std::int64_t changed_ns = 0;
    std::uint64_t free_blocks = 0;
    std::uint64_t free_inodes = 0;
    bool operator==(const State&) const = default;
  };
  Result<State> state() const;

  DiskFolder& folder_;
  Bytes size_;
  DiskOwner owner_;
  std::filesystem::path image_;
  std::filesystem::path node_;
  os::UniqueFd anchor_;         ///< a mount of our own that keeps the file system alive
  std::optional<State> fresh_;  ///< as it was made; none while it is being made
  bool was_mounted_in_same_tick_ = false;
};

}  // namespace proa::launcher
