// Our zips: the same files give the same bytes.
#include "os/file.h"
#include "os/utf8_locale.h"
#include "packaging/archive_writer.h"
#include "packaging/zip_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

namespace proa::packaging {
namespace {

/// One archive being written.
class Writer {
 public:
  Writer(const Contents& contents, const Progress& progress)
      : contents_(contents), progress_(progress), buffer_(kPackedBlock) {}
  Result<void> run(int out);

 private:
  Result<void> add(const Entry& entry);
  Result<void> copy(const Entry& entry);
  std::filesystem::path source(const Entry& entry) const;

  const Contents& contents_;
  const Progress& progress_;
  std::vector<char> buffer_;
  std::unique_ptr<archive, CloseWriter> zip_;
  std::uint64_t done_ = 0;
};

std::filesystem::path Writer::source(const Entry& entry) const {
  return contents_.kind == Contents::Kind::file ? contents_.path : contents_.path / entry.path;
}

Result<void> Writer::run(int out) {
  zip_.reset(archive_write_new());
  archive* const zip = zip_.get();
  const bool is_open = zip != nullptr && archive_write_set_format_zip(zip) == ARCHIVE_OK &&
                       archive_write_zip_set_compression_deflate(zip) == ARCHIVE_OK &&
                       archive_write_set_bytes_in_last_block(zip, 1) == ARCHIVE_OK &&
                       archive_write_open_fd(zip, out) == ARCHIVE_OK;
  if (!is_open) return Error(Errc::internal, "libarchive cannot write zips");
  for (const Entry& entry : contents_.entries) {
    TRY(add(entry));
  }
  if (archive_write_close(zip) != ARCHIVE_OK) {
    return writer_error(zip, contents_.path.string());
  }
  return ok();
}

Result<void> Writer::add(const Entry& entry) {
  const std::unique_ptr<archive_entry, FreeEntry> header(archive_entry_new());
  archive_entry* const made = header.get();
  if (made == nullptr) return Error(Errc::exhausted, "no memory to pack");
  const bool is_folder = entry.kind == Entry::Kind::empty_folder;
  archive_entry_set_pathname(made, (entry.path + (is_folder ? "/" : "")).c_str());
  // No time: the archive then says 1 January 1980, in whatever zone it is made. Everybody may read
  // what is deployed, as the function runs as a user of its own.
  if (entry.kind == Entry::Kind::link) {
    archive_entry_set_filetype(made, AE_IFLNK);
    archive_entry_set_symlink(made, entry.target.c_str());
    archive_entry_set_perm(made, 0777);
  } else {
    archive_entry_set_filetype(made, is_folder ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(made, is_folder || entry.is_executable ? 0755 : 0644);
    archive_entry_set_size(made, static_cast<la_int64_t>(entry.bytes));
  }
  if (archive_write_header(zip_.get(), made) != ARCHIVE_OK) {
    return writer_error(zip_.get(), entry.path);
  }
  if (entry.kind != Entry::Kind::file) return ok();
  if (contents_.kind != Contents::Kind::text) return copy(entry);
  const std::string& text = contents_.sources.at(entry.path);
  const auto written = archive_write_data(zip_.get(), text.data(), text.size());
  if (written == static_cast<la_ssize_t>(text.size())) return ok();
  return writer_error(zip_.get(), entry.path);
}

Result<void> Writer::copy(const Entry& entry) {
  const auto path = source(entry);
  TRY(const auto file, os::open_file(path, O_RDONLY | O_NONBLOCK));
  std::uint64_t copied = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("read " + path.string());
    if (got == 0) break;
    copied += static_cast<std::uint64_t>(got);
    if (copied > entry.bytes) break;
    const auto size = static_cast<std::size_t>(got);
    if (archive_write_data(zip_.get(), buffer_.data(), size) != got) {
      return writer_error(zip_.get(), entry.path);
    }
    done_ += size;
    if (progress_) progress_(done_, contents_.bytes);
  }
  if (copied == entry.bytes) return ok();
  return Error(Errc::invalid, path.string() + " has changed while it was packed; try again");
}

}  // namespace

Result<void> write_zip(const Contents& contents, int out, const Progress& progress) {
  const os::Utf8Locale locale;
  return Writer(contents, progress).run(out);
}

}  // namespace proa::packaging
