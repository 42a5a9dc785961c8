// Reads a zip's list of entries (its central directory), before anything is unpacked.
//
// libarchive unpacks; it cannot say what must be known first: whether a name holds a NUL, whether
// an entry carries Unix modes at all, whether entries overlap (the trick of nested zip bombs). Only
// what Proa accepts is read: stored and deflated entries, one disk, nothing encrypted.
// Format: PKWARE APPNOTE 6.3.9, sections 4.3.12 (directory), 4.3.14 to 4.3.16 (its end records).
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::catalog {

/// One entry as the central directory tells it. Nothing here was checked against the data yet.
struct ZipEntry {
  std::string name;                ///< raw bytes; no NUL, not empty
  std::uint64_t local_offset = 0;  ///< of its local header, from the beginning of the file
  std::uint64_t packed_size = 0;
  std::uint64_t unpacked_size = 0;
  /// st_mode, if the archive was made with Unix modes.
  std::optional<std::uint32_t> unix_mode;
  bool is_name_overridden = false;  ///< has an Info-ZIP Unicode path (0x7075) that replaces `name`
};

/// The entries in the order of their data. `max_entries` is checked before memory is taken.
/// Errc: invalid. The message is empty for what is no zip at all, else a sentence naming the entry.
Result<std::vector<ZipEntry>> read_zip_directory(std::string_view zip, std::size_t max_entries);

}  // namespace proa::catalog
