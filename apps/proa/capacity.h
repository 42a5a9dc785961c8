// What `proa serve` tells the pools of this host, and what it says of their decisions.
#pragma once

#include "pool/pool.h"
#include "serve_options.h"
#include "telemetry/telemetry.h"

#include <functional>
#include <vector>

namespace proa::apps {

/// Limits of the pools' shared budget, as the options set them.
pool::BudgetOptions budget_options(const ServeOptions& options);
/// Limits of one of the pools of so many shards.
pool::PoolOptions pool_options(const ServeOptions& options, std::size_t shards);
/// Whether the host has memory for a template of functions with so much, beside what environments
/// were promised: it is no environment, whose number says nothing here. Errc: exhausted. Any
/// thread; `budget` outlives it.
std::function<Result<void>(Bytes)> template_memory(const pool::Budget& budget);
/// What the host has left now; what cannot be read counts as unlimited. Any thread.
pool::HostReading read_host();
/// The interpreters of which shard `shard` of `shards` keeps one parked.
std::vector<environment::RuntimeProgram> parked_programs(
    const environment::RuntimePrograms& programs, std::size_t shard, std::size_t shards);

/// Log lines of placement: each decision at level debug; a refusal as a warning, at most one a
/// second with the number of those that were left out. One a shard, used on its thread.
class PlacementLog {
 public:
  PlacementLog(Clock& clock, telemetry::Logger log) : clock_(clock), log_(std::move(log)) {}
  void operator()(const model::FunctionVersion& function, const Result<pool::Placement>& placement);

 private:
  Clock& clock_;
  telemetry::Logger log_;
  SteadyTime next_refusal_;
  std::size_t left_out_ = 0;
};

}  // namespace proa::apps
