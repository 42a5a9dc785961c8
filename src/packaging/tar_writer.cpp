// Container images as archives: the same files give the same bytes.
#include "os/file.h"
#include "os/utf8_locale.h"
#include "packaging/archive_writer.h"
#include "packaging/folder.h"
#include "packaging/packaging.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace proa::packaging {
namespace {

namespace fs = std::filesystem;

enum class Content { image, root };

/// Of a root, what a sandbox has its own of.
bool is_mounted_over(const fs::path& name) {
  return name == "proc" || name == "sys" || name == "dev" || name == "run" || name == "tmp";
}

/// What of a root comes along, sorted.
Result<std::vector<fs::path>> paths_in_root(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::error_code ignored;
    const bool is_link = at->is_symlink(ignored);
    if (!is_link && !at->is_regular_file(ignored) && !at->is_directory(ignored)) continue;
    paths.push_back(at->path());
    if (at.depth() == 0 && is_mounted_over(at->path().filename())) at.disable_recursion_pending();
  }
  if (failed) return os_error("list " + folder.string(), failed.value());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// Files and folders below a folder, sorted.
Result<std::vector<fs::path>> paths_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::error_code ignored;
    const bool is_packed =
        !at->is_symlink(ignored) && (at->is_regular_file(ignored) || at->is_directory(ignored));
    if (!is_packed) {
      return Error(Errc::invalid, at->path().string() + " is neither a file nor a folder");
    }
    paths.push_back(at->path());
  }
  if (failed) return os_error("list " + folder.string(), failed.value());
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<void> add_link_to_tar(archive* tar, const fs::path& path, const std::string& name) {
  std::error_code failed;
  const fs::path target = fs::read_symlink(path, failed);
  if (failed) return os_error("read the link " + path.string(), failed.value());
  const std::unique_ptr<archive_entry, FreeEntry> header(archive_entry_new());
  archive_entry_set_pathname(header.get(), name.c_str());
  archive_entry_set_filetype(header.get(), AE_IFLNK);
  archive_entry_set_perm(header.get(), 0777);
  archive_entry_set_symlink(header.get(), target.c_str());
  archive_entry_set_mtime(header.get(), 0, 0);
  if (archive_write_header(tar, header.get()) != ARCHIVE_OK) return writer_error(tar, name);
  return ok();
}

Result<void> add_to_tar(archive* tar, const fs::path& path, const std::string& name,
                        Content content) {
  TRY(const auto file, os::open_file(path, O_RDONLY | O_NOFOLLOW));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return os_error("stat " + path.string());
  const std::unique_ptr<archive_entry, FreeEntry> header(archive_entry_new());
  archive_entry_set_pathname(header.get(), name.c_str());
  const bool is_folder = S_ISDIR(status.st_mode);
  archive_entry_set_filetype(header.get(), is_folder ? AE_IFDIR : AE_IFREG);
  const bool is_program = content == Content::root && (status.st_mode & S_IXUSR) != 0;
  archive_entry_set_perm(header.get(), is_folder || is_program ? 0755 : 0644);
  // Of a root: Python compares those of its sources with what its compiled files say.
  archive_entry_set_mtime(header.get(), content == Content::root ? status.st_mtime : 0, 0);
  archive_entry_set_size(header.get(), is_folder ? 0 : status.st_size);
  if (archive_write_header(tar, header.get()) != ARCHIVE_OK) return writer_error(tar, name);
  if (is_folder) return ok();
  std::vector<char> piece(kPackedBlock);
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("read " + path.string());
    if (got == 0) return ok();
    if (archive_write_data(tar, piece.data(), static_cast<std::size_t>(got)) != got) {
      return Error(Errc::invalid, path.string() + " has changed while it was packed");
    }
  }
}

Result<void> write_tar(const fs::path& folder, int out, Content content) {
  const os::Utf8Locale names_are_utf8;
  TRY(const auto paths, content == Content::root ? paths_in_root(folder) : paths_in(folder));
  const std::unique_ptr<archive, CloseWriter> tar(archive_write_new());
  const bool is_open = tar != nullptr && archive_write_set_format_pax_restricted(tar.get()) == 0 &&
                       archive_write_open_fd(tar.get(), out) == ARCHIVE_OK;
  if (!is_open) return Error(Errc::internal, "libarchive cannot write tar files");
  for (const fs::path& path : paths) {
    const std::string name = path.lexically_relative(folder).string();
    std::error_code ignored;
    TRY(fs::is_symlink(path, ignored) ? add_link_to_tar(tar.get(), path, name)
                                      : add_to_tar(tar.get(), path, name, content));
  }
  if (archive_write_close(tar.get()) != ARCHIVE_OK) return writer_error(tar.get(), folder.string());
  return ok();
}

Result<Package> pack_tar(const fs::path& path, Content content) {
  std::error_code failed;
  const bool is_folder = fs::is_directory(path, failed);
  if (!is_folder && !fs::is_regular_file(path, failed)) {
    return Error(Errc::invalid, path.string() + " is neither an archive nor a folder");
  }
  Package package;
  if (is_folder) {
    TRY(package.descriptor, make_nameless_file());
    TRY(write_tar(path, package.descriptor.get(), content));
    TRY(package.file, os::MappedFile::map(package.descriptor.get(), "the image"));
  } else {
    TRY(package.file, os::MappedFile::open(fs::canonical(path)));
  }
  package.digest = sha256(package.bytes());
  return package;
}

}  // namespace

Result<Package> pack_image(const fs::path& path) { return pack_tar(path, Content::image); }
Result<Package> pack_root(const fs::path& path) { return pack_tar(path, Content::root); }

}  // namespace proa::packaging
