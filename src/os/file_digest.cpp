#include "os/file_digest.h"

#include "base/running_digest.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace proa::os {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{256} * 1024;

/// Neither a link nor a pipe, whoever has put it there.
Result<UniqueFd> open_regular(const std::filesystem::path& file, std::uint64_t& bytes) {
  TRY(auto opened, open_file(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) return os_error("stat " + file.string());
  if (!S_ISREG(status.st_mode)) {
    return Error(Errc::corrupt, file.filename().string() + " is not a regular file");
  }
  bytes = static_cast<std::uint64_t>(status.st_size);
  return opened;
}

}  // namespace

Result<std::uint64_t> file_bytes(const std::filesystem::path& file) {
  std::uint64_t bytes = 0;
  TRY(open_regular(file, bytes));
  return bytes;
}

Result<FileDigest> file_digest(const std::filesystem::path& file) {
  std::uint64_t bytes = 0;
  TRY(const auto opened, open_regular(file, bytes));
  return file_digest(opened.get(), file.string());
}

Result<FileDigest> file_digest(int descriptor, const std::string& name) {
  FileDigest found;
  RunningDigest digest;
  std::string part(kReadAtOnce, '\0');
  for (;;) {
    const ssize_t got =
        ::pread(descriptor, part.data(), part.size(), static_cast<off_t>(found.bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("read " + name);
    if (got == 0) break;
    found.bytes += static_cast<std::uint64_t>(got);
    digest.add({part.data(), static_cast<std::size_t>(got)});
  }
  found.sha256 = digest.hex();
  return found;
}

}  // namespace proa::os
