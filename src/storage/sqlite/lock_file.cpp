#include "storage/sqlite/lock_file.h"

#include "os/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace proa::storage::sqlite {

Result<os::UniqueFd> lock_beside(const std::filesystem::path& file) {
  const std::string name = file.string() + ".lock";
  TRY(auto fd, os::open_file(name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return os_error("flock " + name);
    auto owner = os::read_all(fd.get());
    const std::string pid = owner && !owner.value().empty() ? owner.value() : "unknown";
    return Error(Errc::conflict, file.string() + ": is in use by process " + pid);
  }
  // The pid is a courtesy; without it the lock holds just as well.
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd.get(), 0) == 0)
    static_cast<void>(::pwrite(fd.get(), pid.data(), pid.size(), 0) > 0);
  return fd;
}

}  // namespace proa::storage::sqlite
