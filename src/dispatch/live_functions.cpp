#include "dispatch/live_functions.h"

#include <numeric>

namespace proa::dispatch {
namespace {

template <class Counts>
std::uint64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

model::FunctionView view_of(const CountedFunction& one) {
  model::FunctionView view;
  view.account_id = one.account_id;
  view.region = one.region;
  view.name = one.name;
  view.running = one.running;
  view.calls = sum(one.counts.starts);
  view.failures = sum(one.counts.failures);
  view.throttled = sum(one.counts.throttles);
  view.refused = sum(one.counts.refusals);
  view.cold_starts = one.counts.starts[static_cast<std::size_t>(model::Start::cold)];
  view.duration = std::chrono::microseconds(one.counts.durations.sum_us);
  return view;
}

model::FunctionView view_of(const model::FunctionVersion& function, std::size_t waiting) {
  model::FunctionView view;
  view.account_id = function.account_id;
  view.region = function.region;
  view.name = function.name;
  view.waiting = waiting;
  return view;
}

}  // namespace

std::vector<model::FunctionView> live_functions(const CallCounts& counts, const Waits& waits,
                                                const std::optional<std::string>& account_id) {
  std::vector<model::FunctionView> parts;
  for (const CountedFunction& one : counts.functions) {
    if (!account_id || one.account_id == *account_id) parts.push_back(view_of(one));
  }
  for (const auto& [function, waiting] : waits) {
    if (account_id && function->account_id != *account_id) continue;
    parts.push_back(view_of(*function, waiting));
  }
  return model::merged(std::move(parts));
}

}  // namespace proa::dispatch
