#include "storage/sqlite/database.h"

#include "os/file.h"
#include "storage/sqlite/lock_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace proa::storage::sqlite {
namespace {

/// Up to this size the whole file is checked when it is opened; damage in a larger one shows when
/// the page is read.
constexpr std::uintmax_t kCheckedAtOpenMax = 32U << 20U;

Result<void> configure(Connection& connection, const Schema& schema) {
  // Of a new file only, before anything is in it.
  if (schema.can_shrink) {
    TRY(connection.run("PRAGMA auto_vacuum = INCREMENTAL"));
  }
  TRY(auto mode, connection.value("PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return Error(Errc::os, connection.file() + ": the file system does not allow WAL mode (got '" +
                               mode + "')");
  }
  TRY(connection.run("PRAGMA synchronous = FULL"));
  return connection.run("PRAGMA foreign_keys = ON");
}

Result<void> check_integrity(Connection& connection) {
  std::error_code error;
  const auto size = std::filesystem::file_size(connection.file(), error);
  if (error || size > kCheckedAtOpenMax) return ok();
  TRY(auto verdict, connection.value("PRAGMA quick_check(1)"));
  if (verdict == "ok") return ok();
  return Error(Errc::corrupt, connection.file() + ": " + verdict);
}

/// A new file's name must survive a power cut like its content.
Result<void> sync_folder_of(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  TRY(auto fd, os::open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return os_error("fsync " + folder.string());
  return ok();
}

}  // namespace

Result<Database> open_database(const std::filesystem::path& file, const Schema& schema) {
  TRY(auto lock, lock_beside(file));
  TRY(auto connection, Connection::open(file));
  TRY(configure(connection, schema));
  TRY(check_integrity(connection));
  TRY(migrate(connection, schema));
  TRY(sync_folder_of(file));
  return Database{std::move(lock), std::move(connection)};
}

}  // namespace proa::storage::sqlite
