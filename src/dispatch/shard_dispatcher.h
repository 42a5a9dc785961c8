// The Dispatcher of one shard.
#pragma once

#include "catalog/catalog.h"
#include "dispatch/admission.h"
#include "dispatch/call_tracer.h"
#include "dispatch/dispatch.h"
#include "dispatch/known_functions.h"
#include "model/live.h"
#include "pool/pool.h"

#include <boost/asio/any_io_executor.hpp>

#include <optional>
#include <vector>

namespace proa::dispatch {

/// Resolves, admits, places: here, or on another shard that can begin sooner (pool/placement.h).
/// Owned by its shard.
class ShardDispatcher final : public Dispatcher {
 public:
  ShardDispatcher(boost::asio::any_io_executor executor, catalog::Catalog& catalog,
                  Admission& admission, pool::Pool& pool, Clock& clock);

  /// All shards' dispatchers in the order of their numbers, this one included. Call once, before
  /// the shards run.
  void set_peers(std::vector<ShardDispatcher*> peers) { peers_ = std::move(peers); }

  Task<model::InvocationResult> invoke(model::FunctionRef ref,
                                       model::Invocation invocation) override;
  Result<std::vector<DecisionRecord>> explain(const model::FunctionRef& ref) override;
  /// Calls whose environment works now, on this shard.
  std::size_t in_flight() const { return in_flight_; }
  /// From now on spans are recorded. Before the shard runs.
  void trace_calls(CallTracer::Options options) { tracer_.emplace(clock_, options); }
  /// The spans recorded since they were taken last.
  TakenSpans take_spans() { return tracer_ ? tracer_->take() : TakenSpans(); }
  /// What was counted of the calls that this shard was asked for.
  CallCounts collect() { return counters_.collect(); }
  /// The same by function for whoever watches, with the calls that wait on this shard; with an
  /// account, only its own.
  std::vector<model::FunctionView> functions(const std::optional<std::string>& account_id);

 private:
  /// In its turn: here, or on another shard that can begin sooner.
  Task<model::InvocationResult> place_and_run(model::FunctionPtr function,
                                              const model::Invocation& invocation);
  Task<model::InvocationResult> run_here(model::FunctionPtr function,
                                         const model::Invocation& invocation);
  Task<model::InvocationResult> run_on(std::size_t shard, model::FunctionPtr function,
                                       const model::Invocation& invocation);

  boost::asio::any_io_executor executor_;
  CallCounters counters_;
  KnownFunctions known_;
  Admission& admission_;
  pool::Pool& pool_;
  Clock& clock_;
  std::optional<CallTracer> tracer_;
  std::size_t in_flight_ = 0;
  std::vector<ShardDispatcher*> peers_;
};

}  // namespace proa::dispatch
