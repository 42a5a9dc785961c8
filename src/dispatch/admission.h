// Admission: may this call run now? Counts calls in flight, by function and by account.
#pragma once

#include "base/decision_record.h"
#include "base/result.h"
#include "model/function.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace proa::dispatch {

/// Calls in flight of one function or one account; shared by all shards.
struct InFlight {
  std::atomic<std::uint32_t> count{0};
};

/// Permission to run one call: a lease on concurrency, returned by the destructor.
class Slot {
 public:
  Slot(std::shared_ptr<InFlight> function, std::shared_ptr<InFlight> account)
      : function_(std::move(function)), account_(std::move(account)) {}
  Slot(Slot&&) noexcept = default;
  Slot& operator=(Slot&&) = delete;
  ~Slot();

 private:
  std::shared_ptr<InFlight> function_;
  std::shared_ptr<InFlight> account_;  ///< none when the function has reserved concurrency
};

/// Lambda's limits on concurrency: 1,000 for an account; a function with reserved concurrency is
/// held to that and takes nothing from the others' rest. Thread-safe; owned by main.
/// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
class Admission {
 public:
  explicit Admission(std::uint32_t account_limit) : account_limit_(account_limit) {}

  /// The counters that calls of one function count in, so that a call need not look for them.
  struct Counts {
    std::shared_ptr<InFlight> function;
    std::shared_ptr<InFlight> account;
  };
  Counts counts_of(const model::FunctionVersion& function);

  /// Which counter is held against which limit.
  struct Rule {
    const std::shared_ptr<InFlight>& counter;
    std::uint32_t limit;
    bool is_reserved;  ///< the function's own
  };
  Rule rule_for(const Counts& counts, std::optional<std::uint32_t> reserved,
                std::uint32_t all_reserved) const;
  /// Whether enter() would give a slot now, and by which limit.
  DecisionRecord explain(const Counts& counts, std::optional<std::uint32_t> reserved,
                         std::uint32_t all_reserved) const;
  /// A slot, or Errc throttled with Lambda's Reason as its message:
  /// ReservedFunctionConcurrentInvocationLimitExceeded or ConcurrentInvocationLimitExceeded.
  /// `all_reserved` is the sum of the account's reservations. Takes no lock.
  Result<Slot> enter(const Counts& counts, std::optional<std::uint32_t> reserved,
                     std::uint32_t all_reserved) const;

 private:
  std::shared_ptr<InFlight> of(const std::string& key);

  std::uint32_t account_limit_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<InFlight>> in_flight_;
};

}  // namespace proa::dispatch
