#include "dispatch/shard_dispatcher.h"

#include "base/run_on.h"
#include "dispatch/live_functions.h"

namespace proa::dispatch {
namespace asio = boost::asio;
namespace {

/// Counts one call while it lives.
class InFlightHere {
 public:
  explicit InFlightHere(std::size_t& count) : count_(count) { ++count_; }
  InFlightHere(const InFlightHere&) = delete;
  InFlightHere& operator=(const InFlightHere&) = delete;
  ~InFlightHere() { --count_; }

 private:
  std::size_t& count_;
};

}  // namespace

ShardDispatcher::ShardDispatcher(asio::any_io_executor executor, catalog::Catalog& catalog,
                                 Admission& admission, pool::Pool& pool, Clock& clock)
    : executor_(executor),
      counters_(catalog),
      known_(std::move(executor), catalog, admission, counters_),
      admission_(admission),
      pool_(pool),
      clock_(clock) {}

Task<model::InvocationResult> ShardDispatcher::invoke(model::FunctionRef ref,
                                                      model::Invocation invocation) {
  CO_TRY(auto found, known_.find(ref));
  const KnownFunction& known = *found.second;
  auto span = tracer_ ? tracer_->begin(invocation) : nullptr;
  const model::FunctionPtr traced = span ? found.first : nullptr;
  auto slot = admission_.enter(known.counts, known.reserved, known.all_reserved);
  if (!slot) {
    CallCounters::count_refusal(*known.counted, slot.error());
    if (span) tracer_->end(*span, *traced, slot.error(), std::chrono::microseconds(0));
    co_return slot.error();
  }
  const auto gate = known.gate;  // `known` goes with the next call's look-up
  const auto counted = known.counted;
  const SteadyTime begin = clock_.steady_now();
  auto turn = gate->try_enter(begin);
  if (!turn) turn.emplace(co_await gate->wait());
  auto result = co_await place_and_run(std::move(found.first), invocation);
  const SteadyTime end = clock_.steady_now();
  if (result) turn->note(result.value(), end);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(end - begin);
  counters_.count(*counted, result, took);
  if (span) tracer_->end(*span, *traced, result, took);
  co_return result;
}

Result<std::vector<DecisionRecord>> ShardDispatcher::explain(const model::FunctionRef& ref) {
  TRY(const auto found, known_.find(ref));
  const KnownFunction& known = *found.second;
  std::vector<DecisionRecord> records{
      admission_.explain(known.counts, known.reserved, known.all_reserved)};
  for (DecisionRecord& record : pool_.explain(found.first)) records.push_back(std::move(record));
  return records;
}

std::vector<model::FunctionView> ShardDispatcher::functions(
    const std::optional<std::string>& account_id) {
  Waits waits = known_.waiting();
  for (auto& function : pool_.waiting()) waits.emplace_back(std::move(function), 1);
  return live_functions(counters_.collect(), waits, account_id);
}

Task<model::InvocationResult> ShardDispatcher::place_and_run(model::FunctionPtr function,
                                                             const model::Invocation& invocation) {
  if (pool_.has_idle(function)) co_return co_await run_here(std::move(function), invocation);
  CO_TRY(auto placement, pool_.place(function));
  const bool is_elsewhere = placement.shard < peers_.size() && peers_[placement.shard] != this;
  // Awaited outside the conditional: GCC 12 frees the result of a co_await inside one too early.
  auto running = is_elsewhere ? run_on(placement.shard, std::move(function), invocation)
                              : run_here(std::move(function), invocation);
  auto result = co_await std::move(running);
  if (result) result.value().placement = std::move(placement.reason);
  co_return result;
}

// `invocation` lives in our caller's frame, which waits; the peer's executor has it alone.
Task<model::InvocationResult> ShardDispatcher::run_on(std::size_t shard,
                                                      model::FunctionPtr function,
                                                      const model::Invocation& invocation) {
  ShardDispatcher& peer = *peers_[shard];
  auto remote = boxed<model::InvocationResult>(peer.run_here(std::move(function), invocation));
  auto result = co_await await_on(peer.executor_, std::move(remote));
  if (*result) result->value().other_shard = shard;
  co_return std::move(*result);
}

Task<model::InvocationResult> ShardDispatcher::run_here(model::FunctionPtr function,
                                                        const model::Invocation& invocation) {
  // An environment may break while it is idle or being thawed; nothing of the call ran then, so
  // another is tried. Twice is chance, more is a broken host.
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto lease, co_await pool_.lease(function));
    const InFlightHere counted(in_flight_);
    auto result = co_await lease.environment().invoke(invocation, lease.start());
    if (result || result.error().code() != Errc::unavailable || attempt == kAttempts)
      co_return result;
  }
}

}  // namespace proa::dispatch
