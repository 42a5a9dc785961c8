// BatchStore: a KeyValueStore whose writes may belong together. Apart from storage.h, for those few
// who have thousands of small records that change at the same moment (schedules).
#pragma once

#include "storage/storage.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace proa::storage {

/// One change of one record.
struct Write {
  std::string bucket;
  std::string key;
  std::optional<std::string> value;  ///< nothing: the record goes
};

/// Thread-safe, as what it extends.
class BatchStore : public KeyValueStore {
 public:
  /// All of them or none, with one sync of the disk, whatever was there before. Errc: exhausted,
  /// os.
  virtual Result<void> write(std::span<const Write> writes) = 0;
};

/// The same kind of file as open_sqlite() opens, and the same Errc.
Result<std::unique_ptr<BatchStore>> open_sqlite_batches(const std::filesystem::path& file);

}  // namespace proa::storage
