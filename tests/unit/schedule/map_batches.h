// A BatchStore in memory, which can be full.
#pragma once

#include "storage/batch_store.h"
#include "support/map_store.h"

#include <cstddef>

namespace proa::schedule {

/// Counts its batches.
class MapBatches final : public storage::BatchStore {
 public:
  Result<storage::Entry> get(std::string_view bucket, std::string_view key) override {
    return map.get(bucket, key);
  }
  Result<std::uint64_t> put(std::string_view bucket, std::string_view key,
                            std::string_view value) override {
    return map.put(bucket, key, value);
  }
  Result<std::uint64_t> compare_and_put(std::string_view bucket, std::string_view key,
                                        std::string_view value, std::uint64_t expected) override {
    return map.compare_and_put(bucket, key, value, expected);
  }
  Result<void> remove(std::string_view bucket, std::string_view key) override {
    return map.remove(bucket, key);
  }
  Result<std::vector<storage::Entry>> list(std::string_view bucket) override {
    return map.list(bucket);
  }
  Result<void> write(std::span<const storage::Write> writes) override {
    if (map.is_full) return Error(Errc::exhausted, "disk full");
    ++batches;
    for (const auto& write : writes) {
      if (write.value) {
        map.buckets[write.bucket][write.key] = *write.value;
      } else {
        map.buckets[write.bucket].erase(write.key);
      }
    }
    return ok();
  }

  storage::MapStore map;
  std::size_t batches = 0;
};

}  // namespace proa::schedule
