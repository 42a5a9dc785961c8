// Storage: the interface every durable record goes through, and its embedded implementation.
//
// Nouns: KeyValueStore (buckets of keys with revisions). BlobStore and WorkQueue follow with the
// features that need them (docs/architecture.md, "State"). Backends: sqlite/ (embedded, default);
// a JetStream one comes with clustering. Calls block: use the blocking pool, never a shard.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::storage {

/// A stored value and the revision it was written at. Revisions grow with every write of a bucket.
struct Entry {
  std::string key;
  std::string value;
  std::uint64_t revision = 0;
};

/// Durable buckets of key and value. Thread-safe. A write has reached the disk when it returns.
class KeyValueStore {
 public:
  virtual ~KeyValueStore() = default;
  /// Errc: not_found, corrupt, os.
  virtual Result<Entry> get(std::string_view bucket, std::string_view key) = 0;
  /// Writes whatever was there before; returns the new revision. Errc: exhausted, os.
  virtual Result<std::uint64_t> put(std::string_view bucket, std::string_view key,
                                    std::string_view value) = 0;
  /// Writes only if the key's revision is `expected` (0: must not exist). Errc: conflict,
  /// exhausted, os.
  virtual Result<std::uint64_t> compare_and_put(std::string_view bucket, std::string_view key,
                                                std::string_view value, std::uint64_t expected) = 0;
  /// Removing what does not exist is not an error. Errc: os.
  virtual Result<void> remove(std::string_view bucket, std::string_view key) = 0;
  /// All entries of a bucket in key order. Errc: corrupt, os.
  virtual Result<std::vector<Entry>> list(std::string_view bucket) = 0;
};

/// Opens (and creates or migrates) `file`. A newer format is refused (`unsupported`), damage is
/// `corrupt` and names the file, a second process on the same file is `conflict`.
Result<std::unique_ptr<KeyValueStore>> open_sqlite(const std::filesystem::path& file);

}  // namespace proa::storage
