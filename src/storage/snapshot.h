// A copy of a store's file while the store is open.
#pragma once

#include "base/result.h"

#include <filesystem>

namespace proa::storage {

/// Writes what the SQLite file `file` holds at one moment to the new file `copy`; whoever has it
/// open goes on reading and writing meanwhile (https://www.sqlite.org/lang_vacuum.html#vacuuminto).
/// Blocks as long as writing the copy takes. Errc: corrupt, exhausted (disk full), unavailable, os.
Result<void> snapshot_sqlite(const std::filesystem::path& file, const std::filesystem::path& copy);

}  // namespace proa::storage
