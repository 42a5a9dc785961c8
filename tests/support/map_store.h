// A KeyValueStore in memory, which can be full.
#pragma once

#include "storage/storage.h"

#include <map>
#include <string>
#include <vector>

namespace proa::storage {

class MapStore final : public KeyValueStore {
 public:
  Result<Entry> get(std::string_view, std::string_view) override {
    return Error(Errc::not_found, "");
  }
  Result<std::uint64_t> put(std::string_view bucket, std::string_view key,
                            std::string_view value) override {
    if (is_full) return Error(Errc::exhausted, "disk full");
    buckets[std::string(bucket)][std::string(key)] = value;
    return std::uint64_t{1};
  }
  Result<std::uint64_t> compare_and_put(std::string_view, std::string_view, std::string_view,
                                        std::uint64_t) override {
    return Error(Errc::unsupported, "");
  }
  Result<void> remove(std::string_view bucket, std::string_view key) override {
    buckets[std::string(bucket)].erase(std::string(key));
    return ok();
  }
  Result<std::vector<Entry>> list(std::string_view bucket) override {
    std::vector<Entry> entries;
    for (const auto& [key, value] : buckets[std::string(bucket)]) {
      entries.push_back(Entry{key, value, 1});
    }
    return entries;
  }
  std::map<std::string, std::map<std::string, std::string>> buckets;
  bool is_full = false;
};

}  // namespace proa::storage
