#include "pool/pool.h"

#include "base/check.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace proa::pool {
namespace asio = boost::asio;

using environment::Environment;

namespace {
// /tmp of parked environments; a function that wants another size starts cold.
constexpr std::uint32_t kParkedTmpMib = 512;

// Sandboxes without an interpreter serve every function that needs its own start.
std::string family_of(const std::optional<environment::RuntimeProgram>& program) {
  return program ? program->family : std::string();
}
}  // namespace

Lease::Lease(Pool& pool, std::unique_ptr<Environment> environment, model::Start start)
    : pool_(&pool), environment_(std::move(environment)), start_(start) {
  ++pool_->leased_;
}

Lease::~Lease() {
  if (!environment_) return;  // moved from
  --pool_->leased_;
  pool_->give_back(std::move(environment_));
}

Pool::Pool(environment::EnvironmentParts parts, const environment::RuntimePrograms& programs,
           IdleBoard& board, PoolOptions options, PoolHooks hooks)
    : parts_(parts),
      programs_(programs),
      board_(board),
      options_(options),
      hooks_(std::move(hooks)),
      all_prepared_(parts.executor),
      sweep_timer_(parts.executor),
      tasks_(parts.executor) {}

Pool::~Pool() { check(total_ == 0, "a pool must be closed before it is destroyed"); }

Task<Lease> Pool::lease(model::FunctionPtr function) {
  if (is_closing_) co_return Error(Errc::unavailable, "the daemon is stopping");
  if (auto idle = take_idle(function)) co_return Lease(*this, std::move(idle), model::Start::warm);
  ++preparing_;
  auto prepared = co_await lease_prepared(std::move(function));
  if (--preparing_ == 0) all_prepared_.cancel();
  if (prepared && is_closing_) co_return Error(Errc::unavailable, "the daemon is stopping");
  co_return prepared;
}

Task<Lease> Pool::lease_prepared(model::FunctionPtr function) {
  CO_TRY(auto program, programs_.find(function->runtime));
  const bool is_own = environment::needs_own_start(program, *function);
  std::optional<environment::RuntimeProgram> ahead;
  if (!is_own) ahead = program;
  if (auto parked = take_parked(ahead, function->ephemeral_storage_mib)) {
    replenish(ahead);
    auto assigned = co_await parked->assign(function, program);
    // A sandbox without an interpreter saves 2 ms; to the caller that is a cold start all the same.
    const auto start = is_own ? model::Start::cold : model::Start::parked;
    if (assigned) co_return Lease(*this, std::move(parked), start);
    retire(std::move(parked));
    if (assigned.error().code() != Errc::unavailable) co_return assigned.error();
  }
  auto started = co_await start_new(function, program);
  if (started) replenish(ahead);
  co_return started;
}

Task<Lease> Pool::start_new(model::FunctionPtr function, environment::RuntimeProgram program) {
  CO_TRY(make_room());
  ++total_;
  ++starting_;
  std::optional<environment::RuntimeProgram> ahead;
  if (!environment::needs_own_start(program, *function)) ahead = program;
  auto made =
      std::make_unique<Environment>(parts_, std::move(ahead), function->ephemeral_storage_mib);
  auto result = co_await made->provision();
  if (result) result = co_await made->assign(function, std::move(program));
  --starting_;
  if (!result) {
    retire(std::move(made));
    co_return result.error();
  }
  co_return Lease(*this, std::move(made), model::Start::cold);
}

Pool::EnvironmentPtr Pool::take_idle(const model::FunctionPtr& function) {
  const auto group = groups_.find(function.get());
  if (group == groups_.end()) return nullptr;
  while (!group->second.idle.empty()) {
    EnvironmentPtr found = std::move(group->second.idle.back().environment);
    group->second.idle.pop_back();
    note_idle(group->second, -1);
    if (!found->is_broken()) return found;
    retire(std::move(found));
  }
  return nullptr;
}

Pool::EnvironmentPtr Pool::take_parked(const Program& program, std::uint32_t tmp_mib) {
  Parked& parked = parked_[family_of(program)];
  parked.last_taken = parts_.clock.steady_now();
  if (tmp_mib != kParkedTmpMib) return nullptr;
  while (!parked.ready.empty()) {
    EnvironmentPtr found = std::move(parked.ready.front());
    parked.ready.pop_front();
    // Taken the last one: more at once next time, since calls come in bursts.
    if (parked.ready.empty()) parked.target = std::min(parked.target * 2, options_.parked_max);
    if (!found->is_broken()) return found;
    retire(std::move(found));
  }
  return nullptr;
}

// At the limit, the environment that was idle longest gives way: of any function, since what is
// about to run is worth more than what may.
Result<void> Pool::make_room() {
  if (total_ < options_.environments_max) return ok();
  Group* oldest = nullptr;
  for (auto& [function, group] : groups_) {
    if (group.idle.empty()) continue;
    if (oldest == nullptr || group.idle.front().since < oldest->idle.front().since) oldest = &group;
  }
  if (oldest == nullptr) {
    return Error(Errc::throttled, "ConcurrentInvocationLimitExceeded");
  }
  EnvironmentPtr victim = std::move(oldest->idle.front().environment);
  oldest->idle.erase(oldest->idle.begin());
  note_idle(*oldest, -1);
  retire(std::move(victim));
  return ok();
}

void Pool::give_back(EnvironmentPtr given) {
  if (is_closing_ || given->is_broken()) return retire(std::move(given));
  if (given->needs_reset()) return tasks_.spawn(reset_one(std::move(given)));
  push_idle(std::move(given));
}

void Pool::push_idle(EnvironmentPtr given) {
  Group& group = groups_[given->function().get()];
  if (!group.function) {
    group.function = given->function();
    group.counts = board_.of(given->function()->environment_key());
  }
  group.idle.push_back({std::move(given), parts_.clock.steady_now()});
  note_idle(group, 1);
  arm_sweep();
}

void Pool::note_idle(Group& group, int change) {
  group.counts->by_shard[options_.shard].fetch_add(change, std::memory_order_relaxed);
}

boost::asio::awaitable<void> Pool::reset_one(EnvironmentPtr given) {
  auto result = co_await given->reset();
  if (result && !is_closing_ && !given->is_broken()) {
    push_idle(std::move(given));
    co_return;
  }
  (void)co_await given->close();
  --total_;
}

void Pool::retire(EnvironmentPtr given) { tasks_.spawn(close_one(std::move(given))); }

boost::asio::awaitable<void> Pool::close_one(EnvironmentPtr given) {
  (void)co_await given->close();
  given.reset();
  --total_;
}

bool Pool::has_idle(const model::FunctionPtr& function) const {
  const auto group = groups_.find(function.get());
  return group != groups_.end() && !group->second.idle.empty();
}

std::optional<std::size_t> Pool::other_shard_with_idle(const model::FunctionPtr& function) {
  const auto counts = board_.of(function->environment_key());
  for (std::size_t shard = 0; shard < kMaxShards; ++shard) {
    if (shard != options_.shard && counts->by_shard[shard].load(std::memory_order_relaxed) > 0)
      return shard;
  }
  return std::nullopt;
}

void Pool::park(const std::vector<std::string>& runtimes) {
  for (const std::string& runtime : runtimes) {
    auto program = programs_.find(runtime);
    if (program && program.value().protocol == environment::Protocol::frames)
      replenish(program.value());
  }
}

// Parked environments follow demand: one as soon as a runtime is used, twice as many whenever the
// last was taken, none after ten idle minutes (sweep()).
void Pool::replenish(const Program& program) {
  Parked& parked = parked_[family_of(program)];
  parked.target = std::clamp<std::size_t>(parked.target, 1, options_.parked_max);
  parked.last_taken = parts_.clock.steady_now();
  while (!is_closing_ && parked.ready.size() + parked.starting < parked.target &&
         starting_ < options_.starting_max && total_ < options_.environments_max) {
    ++parked.starting;
    ++starting_;
    ++total_;
    tasks_.spawn(park_one(program));
  }
}

boost::asio::awaitable<void> Pool::park_one(Program program) {
  auto made = std::make_unique<Environment>(parts_, program, kParkedTmpMib);
  auto result = co_await made->provision();
  Parked& parked = parked_[family_of(program)];
  --parked.starting;
  --starting_;
  if (result && !is_closing_) {
    parked.ready.push_back(std::move(made));
    arm_sweep();
    co_return;
  }
  (void)co_await made->close();
  made.reset();
  --total_;
}

PoolCounts Pool::counts() const {
  PoolCounts counts;
  for (const auto& [function, group] : groups_) {
    for (const Idle& idle : group.idle) {
      ++(idle.environment->state() == environment::State::frozen ? counts.frozen : counts.idle);
    }
  }
  for (const auto& [family, parked] : parked_) counts.parked += parked.ready.size();
  counts.leased = leased_;
  counts.starting = starting_;
  return counts;
}

Task<void> Pool::close() {
  is_closing_ = true;
  sweep_timer_.cancel();
  for (auto& [function, group] : groups_) {
    for (Idle& idle : group.idle) {
      note_idle(group, -1);
      retire(std::move(idle.environment));
    }
  }
  groups_.clear();
  for (auto& [family, parked] : parked_) {
    for (EnvironmentPtr& ready : parked.ready) retire(std::move(ready));
    parked.ready.clear();
  }
  while (preparing_ > 0) {
    all_prepared_.expires_at(SteadyTime::max());
    co_await all_prepared_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_await tasks_.join();
  co_return ok();
}

}  // namespace proa::pool
