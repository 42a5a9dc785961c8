#include "os/file_extents.h"

#include <unistd.h>

#include <cerrno>

namespace proa::os {

Result<void> for_each_extent(int file, off_t size, const ExtentTaker& take) {
  for (off_t end = 0; end < size;) {
    const off_t begin = ::lseek(file, end, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) return ok();  // a hole to the end
    if (begin < 0) return os_error("SEEK_DATA");
    end = ::lseek(file, begin, SEEK_HOLE);
    if (end < 0) return os_error("SEEK_HOLE");
    TRY(take(begin, end));
  }
  return ok();
}

}  // namespace proa::os
