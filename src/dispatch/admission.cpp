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

Result<Slot> Admission::enter(const model::FunctionVersion& function,
                              std::optional<std::uint32_t> reserved, std::uint32_t all_reserved) {
  const std::string account = function.account_id + "/" + function.region;
  auto of_function = of(account + "/" + function.name);
  if (reserved) {
    if (!try_enter(*of_function, *reserved)) {
      return Error(Errc::throttled, "ReservedFunctionConcurrentInvocationLimitExceeded");
    }
    return Slot(std::move(of_function), nullptr);
  }
  auto of_account = of(account);
  const std::uint32_t limit = account_limit_ > all_reserved ? account_limit_ - all_reserved : 0;
  if (!try_enter(*of_account, limit)) {
    return Error(Errc::throttled, "ConcurrentInvocationLimitExceeded");
  }
  of_function->count.fetch_add(1, std::memory_order_relaxed);
  return Slot(std::move(of_function), std::move(of_account));
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
