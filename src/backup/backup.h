// Backups: everything durable of a data folder, taken while the daemon serves.
//
// Nouns: BackupStore (in the daemon: makes one backup at a time and reads its files), BackupFile,
// Writer (in the command line: packs what it fetches), restore(). `api` calls the first, `cli` the
// second, apps/proa the third; underneath: storage, for copies of open databases. A backup is a set
// of hard links and copies in DATA/backups, so that nothing in it goes away while it is fetched.
// Long document: docs/decisions/0020-backups.md.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proa::backup {

/// One file of a backup.
struct BackupFile {
  std::string path;        ///< below the data folder: "catalog/catalog.db"
  std::uint64_t size = 0;  ///< bytes that belong to the backup; a log may have grown since
};

/// One backup: what was there at one moment.
struct Backup {
  std::string id;  ///< 32 hex digits
  std::vector<BackupFile> files;
  std::uint64_t bytes = 0;  ///< of all files
};

/// The largest part of a file that read() gives.
inline constexpr std::size_t kPartMax = 4 * 1024 * 1024;

/// Makes backups in DATA/backups. Thread-safe; all calls block.
class BackupStore {
 public:
  /// Removes what an earlier process left there. `data_folder`/backups exists. Errc: os.
  static Result<std::unique_ptr<BackupStore>> open(const std::filesystem::path& data_folder);
  virtual ~BackupStore() = default;

  /// Takes one, instead of the one before: its files are gone then. Errc: exhausted (disk full),
  /// corrupt, os.
  virtual Result<Backup> make() = 0;
  /// The bytes of file `index` from `offset` on, at most kPartMax; less only at the end. Errc:
  /// not_found (no such backup, or another was made since; no such file), invalid (offset beyond
  /// the end), os.
  virtual Result<std::string> read(std::string_view id, std::size_t index,
                                   std::uint64_t offset) = 0;
  /// What is not there is no error. Errc: os.
  virtual Result<void> remove(std::string_view id) = 0;
};

/// Packs a backup into one file: a tar, compressed where the name ends in .gz or .zst. The file is
/// there under its name only when finish() has succeeded. One thread.
class Writer {
 public:
  /// Errc: conflict (the file exists), invalid (the folder does not, an ending of another
  /// compression), os.
  static Result<std::unique_ptr<Writer>> create(const std::filesystem::path& file,
                                                const Backup& backup, WallTime made);
  virtual ~Writer() = default;
  /// Begins the next file of the backup. Errc: exhausted, os.
  virtual Result<void> begin(const BackupFile& file) = 0;
  /// The next bytes of it. Errc: exhausted (disk full), os.
  virtual Result<void> add(std::string_view bytes) = 0;
  /// After the last file: checksums, sync, and the name. Errc: internal (a file is not as long as
  /// it was said to be), exhausted, os.
  virtual Result<void> finish() = 0;
};

/// What restore() has brought back.
struct Restored {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::string made;  ///< when the backup was, as text
};

/// Unpacks a backup as the data folder `data`, which must not exist or be empty: all of it,
/// verified, or nothing. Errc: not_found (no such file), conflict (the folder is not empty),
/// unsupported (a newer format), corrupt (no backup, cut off, or changed since; names what),
/// exhausted, os.
Result<Restored> restore(const std::filesystem::path& file, const std::filesystem::path& data);

}  // namespace proa::backup
