#include "frames/init/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace proa::frames::init {
namespace {

bool is_among(std::string_view name, std::span<const std::string_view> names) {
  for (const std::string_view each : names) {
    if (each == name) return true;
  }
  return false;
}

// Owns `folder`. As deep as the tree is: those that are cleared came with the kernel or from it.
bool clear(int folder, dev_t device, std::span<const std::string_view> kept) {
  DIR* entries = ::fdopendir(folder);
  if (entries == nullptr) {
    ::close(folder);
    return false;
  }
  bool is_clear = true;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || is_among(name, kept)) continue;
    struct stat status {};
    if (::fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (status.st_dev != device) continue;  // something is mounted there
    const bool is_folder = S_ISDIR(status.st_mode);
    if (is_folder) {
      const int inner =
          ::openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (inner < 0 || !clear(inner, device, {})) is_clear = false;
    }
    if (::unlinkat(folder, entry->d_name, is_folder ? AT_REMOVEDIR : 0) != 0) is_clear = false;
  }
  ::closedir(entries);
  return is_clear;
}

}  // namespace

Path::Path(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) {
    if (part.size() >= text_.size() - size) {
      text_[0] = '\0';
      return;
    }
    __builtin_memcpy(text_.data() + size, part.data(), part.size());
    size += part.size();
  }
  text_[size] = '\0';
}

ssize_t read_whole(int folder, const char* path, std::span<char> out) {
  const int file = ::openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  std::size_t size = 0;
  ssize_t count = 0;
  while (size < out.size() && (count = ::read(file, out.data() + size, out.size() - size)) > 0) {
    size += static_cast<std::size_t>(count);
  }
  const int error = errno;
  ::close(file);
  errno = error;
  return count < 0 ? -1 : static_cast<ssize_t>(size);
}

ssize_t read_whole(const char* path, std::span<char> out) {
  return read_whole(AT_FDCWD, path, out);
}

bool write_whole(const char* path, std::string_view text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t count = ::write(file, text.data(), text.size());
  const int error = count < 0 ? errno : EIO;
  ::close(file);
  errno = error;
  return count == static_cast<ssize_t>(text.size());
}

std::string_view without_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

bool clear_folder(const char* folder, std::span<const std::string_view> kept) {
  const int opened = ::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return false;
  struct stat status {};
  if (::fstat(opened, &status) == 0) return clear(opened, status.st_dev, kept);
  ::close(opened);
  return false;
}

}  // namespace proa::frames::init
