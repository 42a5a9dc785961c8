#include "capacity.h"

#include "os/host.h"

#include <algorithm>
#include <utility>

namespace proa::apps {
namespace {

/// With an interpreter that waits for a function of 128 MiB.
constexpr Bytes kSmallTemplate = Bytes::mib(170);

}  // namespace

pool::BudgetOptions budget_options(const ServeOptions& options) {
  pool::BudgetOptions limits;
  limits.environments_max = options.max_environments;
  limits.memory_reserve = Bytes::mib(options.memory_reserve_mib);
  limits.memory_commit_percent = options.memory_commit_percent;
  return limits;
}

pool::HostReading read_host() {
  pool::HostReading reading;
  if (const auto memory = os::host_memory()) {
    reading.memory_total = memory.value().total;
    reading.memory_available = memory.value().available;
  }
  if (const auto left = os::descriptors_left()) reading.descriptors_left = left.value();
  return reading;
}

std::function<Result<void>(Bytes)> template_memory(const pool::Budget& budget) {
  return [&budget](Bytes of_function) -> Result<void> {
    const pool::BudgetOptions& options = budget.options();
    const auto counted = of_function.count() / 100 * options.memory_commit_percent;
    const auto wanted = std::max(counted, kSmallTemplate.count()) + options.memory_reserve.count();
    const pool::BudgetUse use = budget.use();
    const auto total = use.host.memory_total.count();
    const auto promised = std::min(use.memory_counted.count(), total);
    if (std::min(use.host.memory_available.count(), total - promised) >= wanted) return ok();
    return Error(Errc::exhausted, "the host has not " + pool::mib_text(Bytes(wanted)) +
                                      " left for it (--memory-reserve is among them)");
  };
}

// A machine waits as a copy of a template, for whoever may have copies of it.
pool::PoolOptions pool_options(const ServeOptions& options, std::size_t shards) {
  pool::PoolOptions out;
  out.parked_max = (options.max_parked + shards - 1) / shards;
  if (options.templates == "shared") out.machines = pool::ParkedMachines::shared;
  if (options.templates == "strict") out.machines = pool::ParkedMachines::per_account;
  return out;
}

// Spread over the shards: one call at most needs one, and a shard lends to the others.
std::vector<environment::RuntimeProgram> parked_programs(
    const environment::RuntimePrograms& programs, std::size_t shard, std::size_t shards) {
  std::vector<environment::RuntimeProgram> kept;
  for (std::size_t i = shard; i < programs.interpreters().size(); i += shards) {
    if (auto program = programs.find(programs.interpreters()[i].runtime())) {
      kept.push_back(std::move(program.value()));
    }
  }
  return kept;
}

void PlacementLog::operator()(const model::FunctionVersion& function,
                              const Result<pool::Placement>& placement) {
  if (placement) {
    if (!log_.is_on(telemetry::Level::debug)) return;
    log_.debug("placed", {{"function", function.unqualified_arn()},
                          {"shard", placement.value().shard},
                          {"reason", placement.value().reason}});
    return;
  }
  if (clock_.steady_now() < next_refusal_) {
    ++left_out_;
    return;
  }
  next_refusal_ = clock_.steady_now() + std::chrono::seconds(1);
  log_.warn("call_refused", {{"function", function.unqualified_arn()},
                             {"reason", placement.error().message()},
                             {"left_out", std::exchange(left_out_, 0)}});
}

}  // namespace proa::apps
