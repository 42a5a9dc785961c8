// The format of the embedded store's file, and the steps from each older format to the next.
//
// Format 1:
//   PRAGMA application_id = 0x50726f61 ("Proa"), PRAGMA user_version = 1
//   bucket(name BLOB PRIMARY KEY, revision INTEGER)   last revision given in that bucket
//   entry(bucket BLOB, key BLOB, value BLOB, revision INTEGER, PRIMARY KEY (bucket, key))
// Names and keys are bytes and sort bytewise.
#pragma once

#include "storage/sqlite/connection.h"

#include <span>

namespace proa::storage::sqlite {

/// One step from format N to N + 1, N being its index in the list.
struct Migration {
  const char* sql;
};

/// All steps from an empty file to the newest format, in order.
std::span<const Migration> migrations();

/// Brings the file to format `steps.size()`, each step in a transaction of its own, so that a crash
/// leaves a whole format behind. Errc: unsupported (the file is newer), corrupt (damaged or not
/// Proa's), exhausted, unavailable, os.
Result<void> migrate(Connection& connection, std::span<const Migration> steps);

}  // namespace proa::storage::sqlite
