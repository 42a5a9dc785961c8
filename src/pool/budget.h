// Budget: whether this host can carry one environment more, asked before anything is made.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>

namespace proa::pool {

struct BudgetOptions {
  std::size_t environments_max = 1024;     ///< `--max-environments`
  Bytes memory_reserve = Bytes::mib(256);  ///< `--memory-reserve`: never given to environments
  /// `--memory-commit`: how much of a function's memory size is counted for each environment of it.
  /// 100 never promises more than there is; most functions use a fraction of their size.
  std::uint32_t memory_commit_percent = 25;
  std::uint64_t descriptors_reserve = 256;  ///< for connections and files
  std::uint64_t descriptors_per_environment = 24;
};

/// What the host has now; what is unknown is unlimited.
struct HostReading {
  Bytes memory_total{std::numeric_limits<std::uint64_t>::max()};
  Bytes memory_available{std::numeric_limits<std::uint64_t>::max()};
  std::uint64_t descriptors_left = std::numeric_limits<std::uint64_t>::max();
};

/// What is given out, and what the host has.
struct BudgetUse {
  std::size_t environments = 0;
  Bytes memory_counted;  ///< for all of them, by their functions' memory sizes
  HostReading host;
};

class Budget;

/// The right to one environment; movable, given back by the destructor.
class Claim {
 public:
  Claim() = default;
  Claim(Claim&& other) noexcept { *this = std::move(other); }
  Claim& operator=(Claim&& other) noexcept;
  ~Claim() { give_back(); }

  /// Counts as an environment of a function with `memory` from now on, e.g. when a parked one is
  /// given to it. Errc: throttled, as of Budget::claim(); the claim stays what it was.
  Result<void> resize(Bytes memory);
  /// It is started: what it uses shows in the host's figures from now on.
  void settle();
  void give_back();
  bool is_held() const { return budget_ != nullptr; }

 private:
  friend class Budget;
  Budget* budget_ = nullptr;
  Bytes counted_;
  bool is_pending_ = false;
};

/// Thread-safe; the mutex is taken only where an environment is made or ended. Owned by main,
/// shared by all shards, outlives them.
class Budget {
 public:
  using ReadHost = std::function<HostReading()>;
  Budget(BudgetOptions options, ReadHost read_host)
      : options_(options), read_host_(std::move(read_host)) {}

  /// One environment more for a function with `memory`. Errc: throttled with Lambda's Reason, a
  /// colon, and what is short: "ConcurrentInvocationLimitExceeded: host memory: ...".
  Result<Claim> claim(Bytes memory);
  /// What claim() would answer now.
  Result<void> check(Bytes memory);
  std::size_t environments() const;
  BudgetUse use() const;
  const BudgetOptions& options() const { return options_; }
  /// The part of what environments can have that is left, 0 to 1: of places or of memory, whichever
  /// is less. `spare` of the environments could be given up, and count as free.
  double free_part(std::size_t spare) const;

 private:
  friend class Claim;
  Bytes counted(Bytes memory) const;
  Result<void> check_environments() const;
  Result<void> check_memory(const HostReading& host, Bytes more) const;
  Result<void> check_descriptors(const HostReading& host) const;
  Result<void> check_all(Bytes more) const;

  BudgetOptions options_;
  ReadHost read_host_;
  mutable std::mutex mutex_;
  std::size_t environments_ = 0;
  std::size_t pending_ = 0;  ///< claimed, but not in the host's figures yet
  Bytes pending_memory_;
  Bytes counted_memory_;
};

/// "512 MiB", for reasons.
std::string mib_text(Bytes bytes);

}  // namespace proa::pool
