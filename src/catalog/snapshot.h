// The catalog's content at one moment, and the place where the newest one is found.
#pragma once

#include "catalog/catalog.h"
#include "catalog/records.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace proa::catalog {

using FunctionMap = std::map<std::string, FunctionRecordPtr, std::less<>>;
/// By the URL's id.
using UrlMap = std::map<std::string, UrlTarget, std::less<>>;
using LayerMap = std::map<std::string, std::shared_ptr<const LayerDocument>, std::less<>>;

/// By record key, too: ACCOUNT/DIGEST.
using ImageMap = std::map<std::string, ContainerImagePtr, std::less<>>;

/// By record key: ACCOUNT/NAME.
using RuntimeImageMap = std::map<std::string, RuntimeImagePtr, std::less<>>;

/// All functions and layers by record key. Immutable and shared: readers keep the one they took.
struct Snapshot {
  std::shared_ptr<const FunctionMap> functions = std::make_shared<const FunctionMap>();
  std::shared_ptr<const LayerMap> layers = std::make_shared<const LayerMap>();
  std::shared_ptr<const ImageMap> images = std::make_shared<const ImageMap>();
  std::shared_ptr<const RuntimeImageMap> runtime_images = std::make_shared<const RuntimeImageMap>();
  std::shared_ptr<const UrlMap> urls = std::make_shared<const UrlMap>();
};

/// Holds the newest snapshot. Any thread reads; the catalog's strand writes. A mutex around copying
/// four pointers and not std::atomic<std::shared_ptr>: that one's load() in GCC 12 unlocks with
/// relaxed order (a data race by the standard, and for ThreadSanitizer). Calls do not come here: a
/// shard looks at generation() first.
class CurrentSnapshot {
 public:
  Snapshot get() const {
    const std::lock_guard guard(mutex_);
    return snapshot_;
  }
  void set(Snapshot snapshot) {
    {
      const std::lock_guard guard(mutex_);
      std::swap(snapshot_, snapshot);
    }
    // After the swap: who sees the number sees the change.
    generation_.fetch_add(1, std::memory_order_release);
  }
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  Snapshot snapshot_;
  std::atomic<std::uint64_t> generation_{1};
};

}  // namespace proa::catalog
