#include "backup/backup.h"
#include "base/random.h"
#include "os/file.h"
#include "storage/data_format.h"
#include "storage/snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace proa::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIdBytes = 16;
/// Where databases are, which are open: each is copied at one moment.
constexpr auto kDatabaseFolders = std::to_array<std::string_view>({"catalog", "queue"});
/// Folders whose files are written once, or only grow: linked. Trees that were unpacked from blobs
/// are not among them, as they are unpacked again.
constexpr auto kLinked = std::to_array<std::string_view>({"blobs", "logs", "usage"});

/// Adds the regular files below `folder` that are not linked yet. Some may go meanwhile.
Result<void> link_files(const fs::path& data, std::string_view folder, const fs::path& to) {
  std::error_code failed;
  for (fs::recursive_directory_iterator at(data / folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::error_code gone;
    if (!at->is_regular_file(gone) || gone || at->is_symlink(gone)) continue;
    const fs::path link = to / fs::relative(at->path(), data, gone);
    fs::create_directories(link.parent_path(), gone);
    if (gone) return os_error("create " + link.parent_path().string(), gone.value());
    fs::create_hard_link(at->path(), link, gone);
    const bool is_there =
        !gone || gone == std::errc::file_exists || gone == std::errc::no_such_file_or_directory;
    if (!is_there) return os_error("link " + link.string(), gone.value());
  }
  if (failed && failed != std::errc::no_such_file_or_directory) {
    return os_error("read " + (data / folder).string(), failed.value());
  }
  return ok();
}

/// Copies the databases in `from` to the new folder `to`.
Result<void> copy_databases(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::create_directory(to, failed);
  if (failed) return os_error("create " + to.string(), failed.value());
  for (fs::directory_iterator at(from, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().extension() != ".db") continue;
    TRY(storage::snapshot_sqlite(at->path(), to / at->path().filename()));
  }
  if (failed) return os_error("read " + from.string(), failed.value());
  return ok();
}

/// All files below `folder` with their sizes now, in the order of their paths.
Result<std::vector<BackupFile>> list_files(const fs::path& folder) {
  std::vector<BackupFile> files;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (!at->is_regular_file()) continue;
    files.push_back({fs::relative(at->path(), folder).string(), at->file_size()});
  }
  if (failed) return os_error("read " + folder.string(), failed.value());
  std::sort(files.begin(), files.end(),
            [](const BackupFile& a, const BackupFile& b) { return a.path < b.path; });
  return files;
}

class FolderBackups final : public BackupStore {
 public:
  explicit FolderBackups(fs::path data) : data_(std::move(data)), folder_(data_ / "backups") {}

  /// Everything below the folder.
  Result<void> clear() {
    std::error_code failed;
    for (fs::directory_iterator at(folder_, failed), end; !failed && at != end;
         at.increment(failed)) {
      fs::remove_all(at->path(), failed);
      if (failed) break;
    }
    if (failed) return os_error("empty " + folder_.string(), failed.value());
    return ok();
  }

  Result<Backup> make() override {
    const std::lock_guard guard(mutex_);
    current_ = Backup();
    TRY(clear());
    Backup made;
    made.id = random_.hex(kIdBytes);
    auto files = fill(folder_ / made.id);
    if (!files) {
      static_cast<void>(clear());  // the first failure is the one to tell
      return files.error();
    }
    made.files = std::move(files).value();
    for (const BackupFile& file : made.files) made.bytes += file.size;
    current_ = made;
    return made;
  }

  Result<std::string> read(std::string_view id, std::size_t index, std::uint64_t offset) override {
    const std::lock_guard guard(mutex_);
    if (id.empty() || id != current_.id) {
      return Error(Errc::not_found,
                   "There is no such backup; one that is begun ends the one before");
    }
    if (index >= current_.files.size()) {
      return Error(Errc::not_found, "There is no such file in the backup");
    }
    const BackupFile& file = current_.files[index];
    if (offset > file.size) return Error(Errc::invalid, "The file has no byte at that offset");
    TRY(const auto opened, os::open_file(folder_ / current_.id / file.path, O_RDONLY));
    std::string part(std::min<std::uint64_t>(kPartMax, file.size - offset), '\0');
    for (std::size_t done = 0; done < part.size();) {
      const ssize_t got = ::pread(opened.get(), part.data() + done, part.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0) return os_error("read " + file.path);
      if (got == 0) return Error(Errc::corrupt, file.path + " has become shorter");
      done += static_cast<std::size_t>(got);
    }
    return part;
  }

  Result<void> remove(std::string_view id) override {
    const std::lock_guard guard(mutex_);
    if (id.empty() || id != current_.id) return ok();
    current_ = Backup();
    return clear();
  }

 private:
  /// The blobs are linked before and behind the catalog: what the catalog names was there at the
  /// one time or the other.
  Result<std::vector<BackupFile>> fill(const fs::path& to) const {
    std::error_code failed;
    fs::create_directory(to, failed);
    if (failed) return os_error("create " + to.string(), failed.value());
    TRY(link_files(data_, "blobs", to));
    for (const std::string_view folder : kDatabaseFolders) {
      TRY(copy_databases(data_ / folder, to / folder));
    }
    for (const std::string_view folder : kLinked) {
      TRY(link_files(data_, folder, to));
    }
    TRY(storage::note_data_format(to));
    return list_files(to);
  }

  const fs::path data_;
  const fs::path folder_;
  std::mutex mutex_;
  RandomSource random_;
  Backup current_;
};

}  // namespace

Result<std::unique_ptr<BackupStore>> BackupStore::open(const fs::path& data_folder) {
  auto store = std::make_unique<FolderBackups>(data_folder);
  TRY(store->clear());
  return std::unique_ptr<BackupStore>(std::move(store));
}

}  // namespace proa::backup
