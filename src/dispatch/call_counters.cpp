#include "dispatch/call_counters.h"

#include <algorithm>

namespace proa::dispatch {
namespace {

constexpr std::size_t kSweepLeast = 1024;

template <class Counts>
void add(Counts& to, const Counts& from) {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

// By the texts that Admission and Budget give: the Reason, and behind a colon what a host is short
// of (dispatch.h).
Limit limit_of(const Error& error) {
  if (error.message().starts_with("Reserved")) return Limit::function;
  return error.message().find(':') == std::string::npos ? Limit::account : Limit::host;
}

}  // namespace

FunctionCounts& FunctionCounts::operator+=(const FunctionCounts& other) {
  add(starts, other.starts);
  add(failures, other.failures);
  add(throttles, other.throttles);
  add(refusals, other.refusals);
  durations += other.durations;
  inits += other.inits;
  return *this;
}

std::shared_ptr<FunctionCounts> CallCounters::of(const model::FunctionVersion& function,
                                                 const Admission::Counts& running) {
  const std::string key =
      function.account_id + "/" + function.region + "/" + function.name + ":" + function.version;
  const auto found = entries_.find(key);
  if (found != entries_.end()) return found->second.counts;
  if (entries_.size() >= sweep_at_) {
    forget_deleted();
    sweep_at_ = std::max(kSweepLeast, entries_.size() * 2);
  }
  Entry entry;
  entry.function.account_id = function.account_id;
  entry.function.region = function.region;
  entry.function.name = function.name;
  entry.function.version = function.version;
  entry.counts = std::make_shared<FunctionCounts>();
  entry.running = running;
  return entries_.emplace(key, std::move(entry)).first->second.counts;
}

void CallCounters::count(FunctionCounts& counts, const Result<model::InvocationResult>& result,
                         std::chrono::microseconds took) {
  if (!result) return count_refusal(counts, result.error());
  const model::InvocationResult& ran = result.value();
  const auto start = static_cast<std::size_t>(ran.start);
  ++counts.starts[start];
  if (ran.failure) ++counts.failures[static_cast<std::size_t>(*ran.failure)];
  counts.durations.note(ran.duration);
  if (ran.init_duration.count() != 0) counts.inits.note(ran.init_duration);
  overheads_[start].note(took - ran.duration - ran.init_duration);
}

void CallCounters::count_refusal(FunctionCounts& counts, const Error& error) {
  if (error.code() == Errc::throttled) {
    ++counts.throttles[static_cast<std::size_t>(limit_of(error))];
  } else {
    ++counts.refusals[static_cast<std::size_t>(error.code())];
  }
}

CallCounts CallCounters::collect() {
  forget_deleted();
  CallCounts out;
  out.overheads = overheads_;
  out.functions.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    CountedFunction& one = out.functions.emplace_back(entry.function);
    one.counts = *entry.counts;
    one.running = entry.running.function->count.load(std::memory_order_relaxed);
    one.running_in_account = entry.running.account->count.load(std::memory_order_relaxed);
  }
  return out;
}

// A call that runs still counts in its part, which nobody sees any more.
void CallCounters::forget_deleted() {
  std::erase_if(entries_, [this](const auto& one) {
    model::FunctionRef ref;
    ref.account_id = one.second.function.account_id;
    ref.region = one.second.function.region;
    ref.name = one.second.function.name;
    ref.qualifier = one.second.function.version;
    return !catalog_.find(ref);
  });
}

}  // namespace proa::dispatch
