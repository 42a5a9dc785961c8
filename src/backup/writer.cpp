#include "backup/archive.h"
#include "backup/backup.h"
#include "base/utc_text.h"
#include "os/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace proa::backup {
namespace {

namespace fs = std::filesystem;

struct FreeWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

class TarWriter final : public Writer {
 public:
  TarWriter(fs::path file, fs::path part, os::UniqueFd out)
      : file_(std::move(file)), part_(std::move(part)), out_(std::move(out)) {}
  ~TarWriter() override {
    tar_.reset();
    if (!is_finished_) ::unlink(part_.c_str());
  }

  Result<void> open() {
    tar_.reset(archive_write_new());
    archive* const tar = tar_.get();
    const std::string ending = file_.extension().string();
    int filtered = ARCHIVE_OK;
    if (ending == ".gz") filtered = archive_write_add_filter_gzip(tar);
    if (ending == ".zst") filtered = archive_write_add_filter_zstd(tar);
    const bool is_open = filtered == ARCHIVE_OK &&
                         archive_write_set_format_pax_restricted(tar) == ARCHIVE_OK &&
                         archive_write_open_fd(tar, out_.get()) == ARCHIVE_OK;
    return is_open ? ok() : failure();
  }

  Result<void> add_text(std::string_view name, std::string_view text) {
    TRY(write_header(std::string(name), text.size()));
    return write_bytes(text);
  }

  Result<void> begin(const BackupFile& file) override {
    TRY(end_file());
    path_ = std::string(kDataFolder) + file.path;
    left_ = file.size;
    digest_.restart();
    return write_header(path_, file.size);
  }

  Result<void> add(std::string_view bytes) override {
    if (bytes.size() > left_) return Error(Errc::internal, path_ + " is longer than it was");
    left_ -= bytes.size();
    digest_.add(bytes);
    return write_bytes(bytes);
  }

  Result<void> finish() override {
    TRY(end_file());
    TRY(add_text(kSumsName, sums_));
    if (archive_write_close(tar_.get()) != ARCHIVE_OK) return failure();
    if (::fsync(out_.get()) != 0) return os_error("sync " + part_.string());
    // link(2) and not rename(2): it takes no file's place.
    if (::link(part_.c_str(), file_.c_str()) != 0) return os_error("name " + file_.string());
    ::unlink(part_.c_str());
    is_finished_ = true;
    return ok();
  }

 private:
  Result<void> end_file() {
    if (left_ != 0) return Error(Errc::internal, path_ + " is shorter than it was");
    if (!path_.empty()) sums_ += digest_.hex() + "  " + path_ + "\n";
    path_.clear();
    return ok();
  }

  Result<void> write_header(const std::string& name, std::uint64_t size) {
    const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0600);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    return archive_write_header(tar_.get(), entry.get()) == ARCHIVE_OK ? ok() : failure();
  }

  Result<void> write_bytes(std::string_view bytes) {
    const auto written = archive_write_data(tar_.get(), bytes.data(), bytes.size());
    return written == static_cast<la_ssize_t>(bytes.size()) ? ok() : failure();
  }

  Result<void> failure() const {
    const int code = archive_errno(tar_.get());
    const char* const text = archive_error_string(tar_.get());
    const std::string what = "write " + part_.string();
    if (code == ENOSPC || code == EDQUOT) return os_error(what, code);
    return Error(Errc::os, what + ": " + (text == nullptr ? "unknown error" : text));
  }

  const fs::path file_;
  const fs::path part_;
  os::UniqueFd out_;
  std::unique_ptr<archive, FreeWriter> tar_;
  RunningDigest digest_;
  std::string path_;  ///< of the file that is written; empty: none
  std::uint64_t left_ = 0;
  std::string sums_;
  bool is_finished_ = false;
};

/// Errc: invalid, for endings that promise what is not done.
Result<void> check_ending(const fs::path& file) {
  const std::string ending = file.extension().string();
  for (const char* other : {".zip", ".xz", ".bz2", ".lz4", ".7z", ".tgz"}) {
    if (ending != other) continue;
    return Error(Errc::invalid, file.string() +
                                    ": a backup is a tar, or with the endings .gz and "
                                    ".zst a compressed one; " +
                                    other + " is not supported");
  }
  return ok();
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::create(const fs::path& file, const Backup& backup,
                                               WallTime made) {
  TRY(check_ending(file));
  std::error_code failed;
  if (fs::exists(fs::symlink_status(file, failed))) {
    return Error(Errc::conflict, file.string() + " exists; a backup replaces no file");
  }
  const fs::path part = file.string() + ".part-" + std::to_string(::getpid());
  auto out = os::open_file(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!out && out.error().code() == Errc::not_found) {
    return Error(Errc::invalid, "there is no folder " + file.parent_path().string());
  }
  if (!out) return out.error();
  auto writer = std::make_unique<TarWriter>(file, part, std::move(out).value());
  TRY(writer->open());
  const boost::json::object manifest{{"format", kFormat},
                                     {"made", utc_text(made, "Z")},
                                     {"files", backup.files.size()},
                                     {"bytes", backup.bytes}};
  TRY(writer->add_text(kManifestName, boost::json::serialize(manifest)));
  return std::unique_ptr<Writer>(std::move(writer));
}

}  // namespace proa::backup
