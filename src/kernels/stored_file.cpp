#include "kernels/stored_file.h"

#include "os/file.h"
#include "os/file_digest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

}  // namespace

Result<std::uint64_t> size_of(const fs::path& file) { return os::file_bytes(file); }

Result<KernelFile> measure(const fs::path& file) {
  TRY(auto found, os::file_digest(file));
  return KernelFile{found.bytes, std::move(found.sha256)};
}

Result<void> sync(const fs::path& path) {
  TRY(const auto opened, os::open_file(path, O_RDONLY));
  if (::fsync(opened.get()) != 0) return os_error("fsync " + path.string());
  return ok();
}

Result<NewFolder> NewFolder::make(const fs::path& parent) {
  std::string name = (parent / (std::string(kBegin) + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) return os_error("create a folder in " + parent.string());
  return NewFolder(std::move(name));
}

NewFolder::~NewFolder() {
  std::error_code failed;  // what stays is removed by the next start
  if (!path_.empty()) fs::remove_all(path_, failed);
}

Result<void> NewFolder::keep_as(const fs::path& name) {
  TRY(sync(path_));
  if (::rename(path_.c_str(), name.c_str()) != 0) {
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) {
      return Error(Errc::conflict, name.string() + " exists");
    }
    return os_error("rename to " + name.string());
  }
  path_.clear();
  return sync(name.parent_path());
}

// The other one is what goes with this object.
Result<void> NewFolder::replace(const fs::path& name) {
  TRY(sync(path_));
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, name.c_str(), RENAME_EXCHANGE) != 0) {
    if (errno == ENOENT) return Error(Errc::not_found, name.string() + " is not there any more");
    return os_error("replace " + name.string());
  }
  return sync(name.parent_path());
}

}  // namespace proa::kernels
