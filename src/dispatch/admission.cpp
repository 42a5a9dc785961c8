#include "dispatch/admission.h"

namespace proa::dispatch {
namespace {

constexpr const char* kReservedReason = "ReservedFunctionConcurrentInvocationLimitExceeded";
constexpr const char* kAccountReason = "ConcurrentInvocationLimitExceeded";
constexpr std::uint32_t kUsualAccountLimit = 1000;  ///< of --account-concurrency, and of Lambda

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

Admission::Rule Admission::rule_for(const Counts& counts, std::optional<std::uint32_t> reserved,
                                    std::uint32_t all_reserved) const {
  if (reserved) return {counts.function, *reserved, true};
  return {counts.account, account_limit_ > all_reserved ? account_limit_ - all_reserved : 0, false};
}

Result<Slot> Admission::enter(const Counts& counts, std::optional<std::uint32_t> reserved,
                              std::uint32_t all_reserved) const {
  const Rule rule = rule_for(counts, reserved, all_reserved);
  if (!try_enter(*rule.counter, rule.limit)) {
    return Error(Errc::throttled, rule.is_reserved ? kReservedReason : kAccountReason);
  }
  if (rule.is_reserved) return Slot(counts.function, nullptr);
  counts.function->count.fetch_add(1, std::memory_order_relaxed);
  return Slot(counts.function, counts.account);
}

DecisionRecord Admission::explain(const Counts& counts, std::optional<std::uint32_t> reserved,
                                  std::uint32_t all_reserved) const {
  const Rule rule = rule_for(counts, reserved, all_reserved);
  const std::uint32_t running = rule.counter->count.load(std::memory_order_relaxed);
  DecisionRecord record;
  record.decision = "admission";
  const bool is_admitted = running < rule.limit;
  record.chosen = is_admitted ? "admit" : "throttle";
  record.reason = std::to_string(running) + " of " + std::to_string(rule.limit) +
                  (rule.is_reserved ? " calls that are reserved for the function run"
                                    : " unreserved calls of the account run");
  if (!is_admitted) {
    record.outcome = std::string("TooManyRequestsException, Reason ") +
                     (rule.is_reserved ? kReservedReason : kAccountReason);
  }
  const auto input = [&](const char* name, std::uint32_t value, std::string from) {
    record.inputs.push_back({name, std::to_string(value), std::move(from)});
  };
  if (reserved) input("reserved concurrency", *reserved, "PutFunctionConcurrency");
  if (!reserved) {
    const bool is_default = account_limit_ == kUsualAccountLimit;
    input("concurrency of the account", account_limit_,
          from_flag("--account-concurrency", is_default));
    input("reserved for functions of the account", all_reserved, "PutFunctionConcurrency");
  }
  input("calls of the function that run", counts.function->count.load(std::memory_order_relaxed),
        "now");
  return record;
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
