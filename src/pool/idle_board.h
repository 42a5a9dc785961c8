// Which shard has an idle environment of a function, a parked one of a runtime, or one it could
// give up: so that a call on another shard can use it instead of starting one of its own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace proa::pool {

/// Shards of a daemon at most.
inline constexpr std::size_t kMaxShards = 32;

/// Idle environments of one function version, or parked ones of a runtime, by shard. Each shard
/// writes its own count; all read all. Shared by the pools that count in it.
struct IdleCounts {
  std::array<std::atomic<std::int32_t>, kMaxShards> by_shard{};

  void add(std::size_t shard, int change) {
    by_shard[shard].fetch_add(change, std::memory_order_relaxed);
  }
  std::size_t total() const {
    std::int32_t sum = 0;
    for (const auto& count : by_shard) sum += count.load(std::memory_order_relaxed);
    return sum > 0 ? static_cast<std::size_t>(sum) : 0;
  }
  /// The first shard but `own` that has some.
  std::optional<std::size_t> other_than(std::size_t own) const {
    for (std::size_t shard = 0; shard < kMaxShards; ++shard) {
      if (shard != own && by_shard[shard].load(std::memory_order_relaxed) > 0) return shard;
    }
    return std::nullopt;
  }
};

/// Registry of IdleCounts. Thread-safe; the mutex is taken when a shard first meets a version,
/// never on the path of a warm call. Owned by main, outlives the pools.
class IdleBoard {
 public:
  /// The counts of the version with that environment_key(), made if need be. Parked environments
  /// are counted under parked_key().
  std::shared_ptr<IdleCounts> of(const std::string& key);
  static std::string parked_key(const std::string& kind) { return "parked " + kind; }

  /// Environments that no call needs, of any function, parked ones included: what a shard can give
  /// up to make room.
  IdleCounts& spare() { return spare_; }

 private:
  IdleCounts spare_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<IdleCounts>> counts_;
};

}  // namespace proa::pool
