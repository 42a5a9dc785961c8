#include "catalog/package.h"

#include "catalog/package_tree.h"
#include "catalog/zip_directory.h"
#include "os/file.h"
#include "os/utf8_locale.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace proa::catalog {
namespace {

constexpr std::string_view kCouldNotUnzip =
    "Could not unzip uploaded file. Please check your file, then try to upload again.";

Error refuse(std::string_view reason) {
  std::string text(kCouldNotUnzip);
  if (!reason.empty()) text.append(" ").append(reason);
  return Error(Errc::invalid, std::move(text));
}

/// Puts Lambda's text in front of a refusal; other errors pass.
Error as_refusal(const Error& error) {
  return error.code() == Errc::invalid ? refuse(error.message()) : error;
}

struct CloseArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, CloseArchive>;

Error reader_error(archive* reader, const ZipEntry& entry) {
  if (archive_errno(reader) == ENOMEM) return Error(Errc::exhausted, "no memory to unzip");
  const char* text = archive_error_string(reader);
  return refuse("Entry '" + entry.name + "': " + (text != nullptr ? text : "damaged") + ".");
}

/// Size, directory and declared sizes of a package. Errc as unpack_package().
Result<std::vector<ZipEntry>> read_directory(std::string_view zip, const PackageLimits& limits) {
  if (zip.size() > limits.zip_bytes_max) {
    return Error(Errc::too_large, "Zipped size must be smaller than " +
                                      std::to_string(limits.zip_bytes_max) + " bytes");
  }
  auto entries = read_zip_directory(zip, limits.nodes_max);
  if (!entries) return as_refusal(entries.error());
  if (entries.value().empty()) {
    return Error(Errc::invalid, "Uploaded file must be a non-empty zip");
  }
  return entries;
}

Error too_large_unpacked(const PackageLimits& limits) {
  return Error(Errc::invalid, "Unzipped size must be smaller than " +
                                  std::to_string(limits.unpacked_bytes_max) + " bytes");
}

/// One unpacking, from the first entry to the last.
class Unpacking {
 public:
  Unpacking(std::string_view zip, int folder, const PackageLimits& limits,
            const std::vector<ZipEntry>& entries)
      : zip_(zip), limits_(limits), entries_(entries), tree_(folder, limits) {}

  Result<std::uint64_t> run();

 private:
  Result<void> open();
  Result<void> unpack(const ZipEntry& entry);
  Result<void> add(const ZipEntry& entry, archive_entry* header, const std::string& path,
                   timespec modified);
  Result<std::string> path_of(const ZipEntry& entry, archive_entry* header) const;
  Result<void> unpack_file(const ZipEntry& entry, const std::string& path, mode_t mode,
                           timespec modified);
  Result<void> write_data(const ZipEntry& entry, int file);

  std::string_view zip_;
  const PackageLimits& limits_;
  const std::vector<ZipEntry>& entries_;
  PackageTree tree_;
  Reader reader_;
  std::uint64_t written_ = 0;
};

Result<std::uint64_t> Unpacking::run() {
  TRY(open());
  for (const auto& entry : entries_) {
    TRY(unpack(entry));
  }
  archive_entry* more = nullptr;
  if (archive_read_next_header(reader_.get(), &more) != ARCHIVE_EOF) return refuse("");
  auto finished = tree_.finish();
  if (!finished) return as_refusal(finished.error());
  return written_;
}

Result<void> Unpacking::open() {
  reader_.reset(archive_read_new());
  if (!reader_) return Error(Errc::exhausted, "no memory to unzip");
  if (archive_read_support_format_zip_seekable(reader_.get()) != ARCHIVE_OK) {
    return Error(Errc::internal, "libarchive has no zip support");
  }
  if (archive_read_open_memory(reader_.get(), zip_.data(), zip_.size()) != ARCHIVE_OK) {
    return refuse("");
  }
  return ok();
}

Result<void> Unpacking::unpack(const ZipEntry& entry) {
  archive_entry* header = nullptr;
  // A warning means that the entry's two headers disagree: refused like an error.
  if (archive_read_next_header(reader_.get(), &header) != ARCHIVE_OK) {
    return reader_error(reader_.get(), entry);
  }
  TRY(auto path, path_of(entry, header));
  const timespec modified{archive_entry_mtime(header), archive_entry_mtime_nsec(header)};
  const auto type = archive_entry_filetype(header);
  if (archive_entry_is_encrypted(header) != 0) {
    return refuse("Entry '" + path + "' is encrypted.");
  }
  if (archive_entry_hardlink(header) != nullptr) {
    return refuse("Entry '" + path + "' is a hard link.");
  }
  // libarchive takes pipes for files, so the stored type counts too.
  const bool is_special = entry.unix_mode && !S_ISREG(*entry.unix_mode) &&
                          !S_ISDIR(*entry.unix_mode) && !S_ISLNK(*entry.unix_mode) &&
                          (*entry.unix_mode & S_IFMT) != 0;
  if (is_special || (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)) {
    return refuse("Entry '" + path +
                  "' is a device, pipe or socket; only files, folders and symbolic links are "
                  "supported.");
  }
  return add(entry, header, path, modified);
}

Result<void> Unpacking::add(const ZipEntry& entry, archive_entry* header, const std::string& path,
                            timespec modified) {
  const auto type = archive_entry_filetype(header);
  Result<void> added = ok();
  if (type == AE_IFDIR) {
    if (entry.unpacked_size != 0) return refuse("Entry '" + path + "' is a folder with data.");
    const mode_t mode = entry.unix_mode.value_or(0755) & 0777U;
    if (!path.empty()) added = tree_.add_folder(path, mode, modified);
  } else if (type == AE_IFLNK) {
    const char* target = archive_entry_symlink(header);
    added = tree_.add_link(path, target != nullptr ? target : "");
  } else {
    return unpack_file(entry, path, entry.unix_mode.value_or(0644) & 0777U, modified);
  }
  if (!added) return as_refusal(added.error());
  return ok();
}

/// The name libarchive would unpack to. It must be the entry our own reading of the directory saw.
Result<std::string> Unpacking::path_of(const ZipEntry& entry, archive_entry* header) const {
  const char* name = archive_entry_pathname(header);
  if (name == nullptr) return refuse("Entry '" + entry.name + "' has a name that is not UTF-8.");
  std::string with_slashes = entry.name;  // what archivers of DOS times wrote as '\'
  std::replace(with_slashes.begin(), with_slashes.end(), '\\', '/');
  if (!entry.is_name_overridden && name != entry.name && name != with_slashes) {
    return refuse("Entry '" + entry.name + "' has two different names.");
  }
  auto path = plain_path(name);
  if (!path) return as_refusal(path.error());
  if (path.value().empty() && archive_entry_filetype(header) != AE_IFDIR) {
    return refuse("Entry '" + entry.name + "' has no name.");
  }
  return path;
}

Result<void> Unpacking::unpack_file(const ZipEntry& entry, const std::string& path, mode_t mode,
                                    timespec modified) {
  auto file = tree_.add_file(path);
  if (!file) return as_refusal(file.error());
  TRY(write_data(entry, file.value().get()));
  return tree_.finish_file(file.value().get(), path, mode, modified);
}

Result<void> Unpacking::write_data(const ZipEntry& entry, int file) {
  const std::uint64_t before = written_;
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int code = archive_read_data_block(reader_.get(), &block, &size, &offset);
    if (code == ARCHIVE_EOF) break;
    if (code != ARCHIVE_OK) return reader_error(reader_.get(), entry);
    written_ += size;
    if (written_ > limits_.unpacked_bytes_max) return too_large_unpacked(limits_);
    if (written_ - before > entry.unpacked_size) break;
    TRY(os::write_fully(file, {static_cast<const char*>(block), size}, entry.name));
  }
  if (written_ - before == entry.unpacked_size) return ok();
  return refuse("Entry '" + entry.name + "' has not the size its header says.");
}

}  // namespace

Result<std::uint64_t> unpacked_size(std::string_view zip, const PackageLimits& limits) {
  TRY(auto entries, read_directory(zip, limits));
  std::uint64_t total = 0;
  for (const auto& entry : entries) {
    // A link's "data" is its target: no file, and not counted when it is unpacked.
    if (entry.unix_mode && S_ISLNK(*entry.unix_mode)) continue;
    if (entry.unpacked_size > limits.unpacked_bytes_max - total) return too_large_unpacked(limits);
    total += entry.unpacked_size;
  }
  return total;
}

Result<std::uint64_t> unpack_package(std::string_view zip, int folder,
                                     const PackageLimits& limits) {
  TRY(unpacked_size(zip, limits));  // refuses early what says itself that it is too large
  TRY(auto entries, read_directory(zip, limits));
  const os::Utf8Locale locale;
  return Unpacking(zip, folder, limits, entries).run();
}

}  // namespace proa::catalog
