// Opening one of the embedded stores' files: locked, durable, sound, of the newest format.
#pragma once

#include "os/unique_fd.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/schema.h"

#include <filesystem>

namespace proa::storage::sqlite {

/// A file that this process has for itself.
struct Database {
  os::UniqueFd lock;  // first: released last, after the connection is closed
  Connection connection;
};

/// In WAL mode with synchronous=FULL, so that COMMIT returns after the fsync. Errc: conflict
/// (another process has it), corrupt, unsupported (newer format), exhausted, os.
Result<Database> open_database(const std::filesystem::path& file, const Schema& schema);

}  // namespace proa::storage::sqlite
