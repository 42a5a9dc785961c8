#include "dispatch/admission.h"

namespace proa::dispatch {
namespace {

bool try_enter(InFlight& in_flight, std::uint32_t limit) {
  if (in_flight.count.fetch_add(1, std::memory_order_relaxed) < limit) return true;
  in_flight.count.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

}  // namespace

Slot::~Slot() {
  if (function_) function_->count.fetch_sub(1, std::memory_order_relaxed);
  if (account_) account_->count.fetch_sub(1, std::memory_order_relaxed);
}

Admission::Counts Admission::counts_of(const model::FunctionVersion& function) {
  const std::string account = function.account_id + "/" + function.region;
  Counts counts;
  counts.function = of(account + "/" + function.name);
  counts.account = of(account);
  return counts;
}

Result<Slot> Admission::enter(const Counts& counts, std::optional<std::uint32_t> reserved,
                              std::uint32_t all_reserved) const {
  if (reserved) {
    if (!try_enter(*counts.function, *reserved)) {
      return Error(Errc::throttled, "ReservedFunctionConcurrentInvocationLimitExceeded");
    }
    return Slot(counts.function, nullptr);
  }
  const std::uint32_t limit = account_limit_ > all_reserved ? account_limit_ - all_reserved : 0;
  if (!try_enter(*counts.account, limit)) {
    return Error(Errc::throttled, "ConcurrentInvocationLimitExceeded");
  }
  counts.function->count.fetch_add(1, std::memory_order_relaxed);
  return Slot(counts.function, counts.account);
}

// Entries stay: a function's counter is 64 bytes, and a removed one could not be told from one that
// another shard is about to use.
std::shared_ptr<InFlight> Admission::of(const std::string& key) {
  const std::lock_guard lock(mutex_);
  auto& entry = in_flight_[key];
  if (!entry) entry = std::make_shared<InFlight>();
  return entry;
}

}  // namespace proa::dispatch
