// The formats of the embedded stores' files, and the steps from each older format to the next.
// PRAGMA user_version is the number of the format.
//
// Key-value store, PRAGMA application_id = 0x50726f61 ("Proa"), format 1:
//   bucket(name BLOB PRIMARY KEY, revision INTEGER)   last revision given in that bucket
//   entry(bucket BLOB, key BLOB, value BLOB, revision INTEGER, PRIMARY KEY (bucket, key))
// Names and keys are bytes and sort bytewise.
//
// Work queue, PRAGMA application_id = 0x50726f71 ("Proq"), format 1; times in ms since 1970:
//   work_group(id INTEGER PRIMARY KEY, name BLOB UNIQUE)
//   item(id INTEGER PRIMARY KEY, work_group INTEGER, due INTEGER, is_taken INTEGER, interruptions
//     INTEGER, head BLOB), with an index of those that wait by (work_group, due)
//   dead_letter(id INTEGER PRIMARY KEY, work_group INTEGER, died INTEGER, size INTEGER, head BLOB),
//     with an index by died
//   body(id INTEGER PRIMARY KEY, body BLOB)   of items and dead letters: rows that change are small
//   last_id(id INTEGER)                       one row: ids are never given twice
#pragma once

#include "storage/sqlite/connection.h"

#include <span>
#include <string_view>

namespace proa::storage::sqlite {

/// One step from format N to N + 1, N being its index in the list.
struct Migration {
  const char* sql;
};

/// One kind of file.
struct Schema {
  std::string_view application_id;   ///< decimal
  std::span<const Migration> steps;  ///< from an empty file to the newest format, in order
  bool can_shrink = false;           ///< pages that are not used can be given back
};

const Schema& key_value_schema();
const Schema& work_queue_schema();

/// Brings the file to format `steps.size()`, each step in a transaction of its own, so that a crash
/// leaves a whole format behind. Errc: unsupported (the file is newer), corrupt (damaged or not of
/// this kind), exhausted, unavailable, os.
Result<void> migrate(Connection& connection, const Schema& schema);

}  // namespace proa::storage::sqlite
