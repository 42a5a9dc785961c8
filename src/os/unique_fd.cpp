#include "os/unique_fd.h"

#include <unistd.h>

namespace proa::os {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);  // Linux frees the number even when close reports EINTR
  fd_ = fd;
}

}  // namespace proa::os
