// Which shard has an idle environment of a function: so that a call on another shard can use it
// instead of starting one of its own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace proa::pool {

/// Shards of a daemon at most.
inline constexpr std::size_t kMaxShards = 32;

/// Idle environments of one function version, counted by shard. Each shard writes its own count;
/// all read all. Shared by the pools that count in it.
struct IdleCounts {
  std::array<std::atomic<std::int32_t>, kMaxShards> by_shard{};
};

/// Registry of IdleCounts. Thread-safe; the mutex is taken when a shard first meets a version,
/// never on the path of a warm call. Owned by main, outlives the pools.
class IdleBoard {
 public:
  /// The counts of the version with that environment_key(), made if need be.
  std::shared_ptr<IdleCounts> of(const std::string& environment_key);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<IdleCounts>> counts_;
};

}  // namespace proa::pool
