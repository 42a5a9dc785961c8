#include "backup/archive.h"
#include "backup/backup.h"
#include "os/file.h"
#include "storage/data_format.h"

#include <archive.h>
#include <archive_entry.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace proa::backup {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kManifestMax = 64 * 1024;
/// A line of SHA256SUMS is under 400 bytes: 400 MB say a million files.
constexpr std::size_t kSumsMax = 400'000'000;

struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

/// "data/PATH" with a PATH that stays below the folder.
bool is_data_path(std::string_view name) {
  if (!name.starts_with(kDataFolder)) return false;
  const fs::path path(name.substr(kDataFolder.size()));
  if (path.empty() || path.is_absolute() || path.filename().empty()) return false;
  for (const auto& part : path) {
    if (part == ".." || part == ".") return false;
  }
  return true;
}

/// Unpacks into a folder beside the data folder, and gives it its name when all is verified.
class Restoring {
 public:
  Restoring(fs::path file, const fs::path& data)
      : file_(std::move(file)),
        data_(data),
        folder_(data.string() + ".restore-" + std::to_string(::getpid())) {}
  ~Restoring() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Restoring(const Restoring&) = delete;
  Restoring& operator=(const Restoring&) = delete;

  Result<Restored> run() {
    TRY(check_target());
    tar_.reset(archive_read_new());
    archive_read_support_filter_gzip(tar_.get());
    archive_read_support_filter_zstd(tar_.get());
    archive_read_support_format_tar(tar_.get());
    if (archive_read_open_filename(tar_.get(), file_.c_str(), 1U << 16U) != ARCHIVE_OK) {
      return damaged("is no backup: " + reason());
    }
    std::error_code failed;
    fs::create_directories(folder_, failed);
    if (failed) return os_error("create " + folder_.string(), failed.value());
    TRY(read_manifest());
    TRY(read_files());
    TRY(verify());
    if (auto ours = storage::check_data_format(folder_); !ours) {
      return ours.error().with_context(file_.string());
    }
    return take_place();
  }

 private:
  Error damaged(const std::string& what) const {
    return Error(Errc::corrupt, file_.string() + ": " + what);
  }
  std::string reason() const {
    const char* const text = archive_error_string(tar_.get());
    return text == nullptr ? "unknown error" : text;
  }

  Result<void> check_target() const {
    std::error_code failed;
    if (!fs::exists(file_, failed)) return Error(Errc::not_found, file_.string() + " is missing");
    const bool is_free = !fs::exists(data_, failed) || fs::is_empty(data_, failed);
    if (is_free && !failed) return ok();
    return Error(Errc::conflict,
                 data_.string() + " is not an empty folder; a backup is restored where nothing is");
  }

  /// The next file; null behind the last one. Folders are passed over: a tar that somebody has
  /// packed again has some.
  Result<archive_entry*> next() {
    archive_entry* entry = nullptr;
    do {
      const int got = archive_read_next_header(tar_.get(), &entry);
      if (got == ARCHIVE_EOF) return nullptr;
      if (got != ARCHIVE_OK) return damaged("is no backup, or damaged: " + reason());
    } while (archive_entry_filetype(entry) == AE_IFDIR);
    if (archive_entry_filetype(entry) != AE_IFREG) {
      return damaged("holds what is no file: " + std::string(archive_entry_pathname(entry)));
    }
    return entry;
  }

  /// The rest of the entry, piece by piece.
  template <typename Take>
  Result<void> read_entry(Take take) {
    std::array<char, 1U << 16U> piece;  // NOLINT(*-member-init): read into
    for (;;) {
      const auto got = archive_read_data(tar_.get(), piece.data(), piece.size());
      if (got == 0) return ok();
      if (got < 0) return damaged("is damaged or cut off: " + reason());
      TRY(take(std::string_view(piece.data(), static_cast<std::size_t>(got))));
    }
  }

  Result<std::string> read_text(std::size_t max) {
    std::string text;
    TRY(read_entry([&](std::string_view piece) -> Result<void> {
      text.append(piece);
      return text.size() > max ? Result<void>(damaged("is no backup")) : ok();
    }));
    return text;
  }

  Result<void> read_manifest() {
    TRY(archive_entry* const entry, next());
    if (entry == nullptr || archive_entry_pathname(entry) != kManifestName) {
      return damaged("is no backup of Proa's: it does not begin with " +
                     std::string(kManifestName));
    }
    TRY(const auto text, read_text(kManifestMax));
    json::error_code failed;
    const json::value value = json::parse(text, failed);
    const auto* const manifest = failed ? nullptr : value.if_object();
    const auto* const format = manifest == nullptr ? nullptr : manifest->if_contains("format");
    if (format == nullptr || !format->is_int64()) return damaged("its manifest is damaged");
    if (format->get_int64() > kFormat) {
      return Error(Errc::unsupported, file_.string() + ": has format " +
                                          std::to_string(format->get_int64()) +
                                          ", this Proa knows formats up to " +
                                          std::to_string(kFormat) + ": it takes a newer Proa");
    }
    return read_members(*manifest);
  }

  Result<void> read_members(const json::object& manifest) {
    const auto* const files = manifest.if_contains("files");
    const auto* const made = manifest.if_contains("made");
    const bool is_whole =
        files != nullptr && files->is_int64() && made != nullptr && made->is_string();
    if (!is_whole) return damaged("its manifest is damaged");
    files_ = static_cast<std::uint64_t>(files->get_int64());
    restored_.made = std::string(made->get_string());
    return ok();
  }

  /// All of data/, then SHA256SUMS.
  Result<void> read_files() {
    for (;;) {
      TRY(archive_entry* const entry, next());
      if (entry == nullptr) return damaged("is cut off: its checksums are missing");
      const std::string name = archive_entry_pathname(entry);
      if (name == kSumsName) {
        TRY(sums_, read_text(kSumsMax));
        return ok();
      }
      if (!is_data_path(name)) return damaged("holds '" + name + "', which no backup has");
      TRY(unpack(name));
    }
  }

  Result<void> unpack(const std::string& name) {
    const fs::path to = folder_ / name.substr(kDataFolder.size());
    std::error_code failed;
    fs::create_directories(to.parent_path(), failed);
    if (failed) return os_error("create " + to.parent_path().string(), failed.value());
    TRY(const auto out, os::open_file(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    digest_.restart();
    TRY(read_entry([&](std::string_view piece) -> Result<void> {
      digest_.add(piece);
      restored_.bytes += piece.size();
      return os::write_fully(out.get(), piece, to.string());
    }));
    if (::fsync(out.get()) != 0) return os_error("sync " + to.string());
    digests_[name] = digest_.hex();
    return ok();
  }

  /// Every file is the one that was packed, and all are there.
  Result<void> verify() {
    std::string said;
    for (std::string_view rest = sums_; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(rest.size(), end + 1));
      const std::size_t gap = line.find("  ");
      if (gap == std::string_view::npos) return damaged("its checksums are damaged");
      const std::string name(line.substr(gap + 2));
      const auto found = digests_.find(name);
      if (found == digests_.end()) return damaged("'" + name + "' is missing");
      if (found->second != line.substr(0, gap)) return damaged("'" + name + "' is damaged");
      digests_.erase(found);
      ++restored_.files;
    }
    if (!digests_.empty()) {
      return damaged("'" + digests_.begin()->first + "' has no checksum");
    }
    if (restored_.files != files_) return damaged("files are missing");
    return ok();
  }

  Result<Restored> take_place() {
    std::error_code failed;
    fs::remove(data_, failed);  // if there is one, it is empty
    if (::rename(folder_.c_str(), data_.c_str()) != 0) {
      return os_error("name " + data_.string());
    }
    return restored_;
  }

  const fs::path file_;
  const fs::path data_;
  const fs::path folder_;
  std::unique_ptr<archive, FreeReader> tar_;
  RunningDigest digest_;
  std::uint64_t files_ = 0;  ///< that the manifest says
  std::map<std::string, std::string> digests_;
  std::string sums_;
  Restored restored_;
};

}  // namespace

Result<Restored> restore(const fs::path& file, const fs::path& data) {
  return Restoring(file, data.has_filename() ? data : data.parent_path()).run();
}

}  // namespace proa::backup
