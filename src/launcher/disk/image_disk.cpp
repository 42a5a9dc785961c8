#include "launcher/disk/image_disk.h"

#include "launcher/disk/loop_disk.h"

#include <unistd.h>

namespace proa::launcher {

ImageDisk::~ImageDisk() { (void)release(); }

Result<void> ImageDisk::release() {
  if (!file_) return ok();
  // Cutting drops pages that nobody has written out yet; a mere deletion, later, would come after
  // the group's charges are counted.
  Result<void> result = ok();
  if (::ftruncate(file_.get(), 0) != 0) result = os_error("empty " + image_.string());
  file_.reset();
  folder_.released_.push_back(std::move(image_));
  image_.clear();
  return result;
}

}  // namespace proa::launcher
