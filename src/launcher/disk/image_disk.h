// Disks for the /tmp of guests: image files that QEMU writes itself, without a loop device.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <filesystem>
#include <utility>

namespace proa::launcher {

class DiskFolder;

/// One image with an empty ext4 file system (disk_image.h), a file that only root may open; whoever
/// is to use it gets the descriptor. Its folder outlives it. Single thread.
class ImageDisk {
 public:
  ImageDisk(const ImageDisk&) = delete;
  ImageDisk& operator=(const ImageDisk&) = delete;
  /// release(), failures ignored: what is left then goes with the folder.
  ~ImageDisk();

  /// Open for reading and writing, at offset 0; -1 once it is released. Borrowed.
  int descriptor() const { return file_.get(); }
  /// Gives back what the file takes, also the page cache that is charged to a control group,
  /// without writing it out. Who used it must have ended; the file itself goes with
  /// DiskFolder::delete_released(). Errc: os.
  Result<void> release();

 private:
  friend class DiskFolder;
  ImageDisk(DiskFolder& folder, std::filesystem::path image, os::UniqueFd file)
      : folder_(folder), image_(std::move(image)), file_(std::move(file)) {}

  DiskFolder& folder_;
  std::filesystem::path image_;
  os::UniqueFd file_;
};

}  // namespace proa::launcher
