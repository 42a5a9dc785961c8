#include "os/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace proa::os {
Result<void> write_fully(int fd, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return os_error("write " + name);
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ok();
}

Result<UniqueFd> open_file(const std::filesystem::path& path, int flags, mode_t mode) {
  return open_at(AT_FDCWD, path.string(), flags, mode);
}

Result<UniqueFd> open_at(int directory, const std::string& name, int flags, mode_t mode) {
  UniqueFd fd(::openat(directory, name.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) return os_error("open " + name);
  return fd;
}

Result<UniqueFd> open_beneath(int directory, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
  if (!fd) return os_error("open " + name);
  return fd;
}

Result<std::string> read_all(int fd) {
  std::string text;
  std::size_t have = 0;
  text.resize(4096);
  for (;;) {
    const ssize_t count =
        ::pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (count < 0) {
      if (errno == EINTR) continue;
      return os_error("read");
    }
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
    if (have == text.size()) text.resize(text.size() * 2);
  }
  text.resize(have);
  return text;
}

Result<std::string> read_file(const std::filesystem::path& path) {
  TRY(auto fd, open_file(path, O_RDONLY));
  auto text = read_all(fd.get());
  if (!text) return text.error().with_context(path.string());
  return text;
}

Result<void> write_kernel_file(int fd, std::string_view text) {
  for (;;) {
    const ssize_t count = ::pwrite(fd, text.data(), text.size(), 0);
    if (count == static_cast<ssize_t>(text.size())) return ok();
    if (count >= 0) return Error(Errc::os, "short write to a kernel file");
    if (errno != EINTR) return os_error("write");
  }
}

Result<void> write_kernel_file(const std::filesystem::path& path, std::string_view text) {
  TRY(auto fd, open_file(path, O_WRONLY));
  // write, not pwrite: uid_map and its kind know no offset (ESPIPE).
  ssize_t count = -1;
  do {
    count = ::write(fd.get(), text.data(), text.size());
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(text.size())) return ok();
  const Error error = count < 0 ? os_error("write") : Error(Errc::os, "short write");
  return error.with_context(path.string() + " <- " + std::string(text));
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::string temporary = (folder / ".new-XXXXXX").string();
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return os_error("create a temporary file in " + folder.string());
  auto result = write_fully(fd.get(), text, path.string());
  if (result && ::fchmod(fd.get(), mode) != 0) result = os_error("chmod " + temporary);
  if (result && ::fsync(fd.get()) != 0) result = os_error("fsync " + temporary);
  if (result && ::rename(temporary.c_str(), path.c_str()) != 0)
    result = os_error("rename to " + path.string());
  if (!result) {
    ::unlink(temporary.c_str());
    return result;
  }
  TRY(auto folder_fd, open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(folder_fd.get()) != 0) return os_error("fsync " + folder.string());
  return ok();
}

}  // namespace proa::os
