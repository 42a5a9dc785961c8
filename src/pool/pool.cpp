#include "pool/pool.h"

#include "base/check.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>

namespace proa::pool {
namespace asio = boost::asio;

namespace {

// Environments that one call may end to make room for itself.
constexpr int kMostVictims = 16;

Error stopping() { return Error(Errc::unavailable, "the daemon is stopping"); }

// What the launcher has run out of is a shortage of the host like those that Budget foresees, which
// passes when other calls are over. A full disk does not: its owner has to see to it.
Error as_shortage(const Error& error) {
  if (error.code() != Errc::exhausted) return error;
  if (error.os_errno() == ENOSPC || error.os_errno() == EDQUOT)
    return {Errc::unavailable, error.message(), error.os_errno()};
  return Error(Errc::throttled, "ConcurrentInvocationLimitExceeded: " + error.message());
}

// Of an environment that waited and cannot take its function: another one may. It has died, or
// hangs, or what it was a copy of is used no more.
bool may_another_do(const Error& error) {
  return error.code() == Errc::unavailable || error.code() == Errc::deadline ||
         error.code() == Errc::os;
}

}  // namespace

Lease::Lease(Pool& pool, MemberPtr member, model::Start start)
    : pool_(&pool), member_(std::move(member)), start_(start) {
  ++pool_->leased_;
}

Lease::~Lease() {
  if (!member_) return;  // moved from
  --pool_->leased_;
  pool_->give_back(std::move(member_));
}

Pool::Pool(environment::EnvironmentParts parts, const environment::RuntimePrograms& programs,
           IdleBoard& board, Budget& budget, PoolOptions options, PoolHooks hooks)
    : parts_(parts),
      programs_(programs),
      board_(board),
      budget_(budget),
      options_(options),
      hooks_(std::move(hooks)),
      queue_(parts.executor, options.starts),
      all_prepared_(parts.executor),
      sweep_timer_(parts.executor),
      parking_(parts.executor),
      tasks_(parts.executor) {}

Pool::~Pool() { check(members_.empty(), "a pool must be closed before it is destroyed"); }

bool Pool::has_idle(const model::FunctionPtr& function) const {
  const auto group = groups_.find(function.get());
  return group != groups_.end() && !group->second.idle.empty();
}

Result<Placement> Pool::place(const model::FunctionPtr& function) {
  TRY(const auto needs, needs_of(*function));
  const auto [facts, room] = facts_of(function, needs);
  auto placement = pool::place(facts);
  if (!placement && !room) placement = room.error();
  if (hooks_.placed) hooks_.placed(*function, placement);
  return placement;
}

std::pair<PlacementFacts, Result<void>> Pool::facts_of(const model::FunctionPtr& function,
                                                       const Needs& needs) {
  Parked& parked = parked_of(needs.ahead, needs.expect);
  PlacementFacts facts;
  facts.shard = options_.shard;
  facts.tmp_mib = needs.spec.tmp_mib;
  facts.isolation = needs.spec.isolation;
  const auto add = [&](Step step, std::optional<std::size_t> shard) {
    if (!shard) return;
    Candidate candidate;
    candidate.step = step;
    candidate.shard = *shard;
    candidate.tmp_mib = kParkedTmpMib;
    facts.candidates.push_back(candidate);
  };
  const std::optional<std::size_t> here = options_.shard;
  const auto idle = board_.of(function->environment_key());
  add(Step::idle, has_idle(function) ? here : idle->other_than(options_.shard));
  if (needs.spec.isolation == model::Isolation::container || needs.expect) {
    add(Step::parked, parked.ready.empty() ? parked.counts->other_than(options_.shard) : here);
    if (expects_parked(parked)) add(Step::parking, here);
  }
  auto room = budget_.check(needs.memory);
  add(Step::fresh, here);
  add_room(facts, room);
  return {std::move(facts), std::move(room)};
}

// Where there is no room, an environment that no call needs can give way: here, else elsewhere.
void Pool::add_room(PlacementFacts& facts, const Result<void>& room) const {
  if (room || board_.spare().by_shard[options_.shard] > 0) return;
  Candidate& fresh = facts.candidates.back();
  fresh.has_room = false;
  if (const auto other = board_.spare().other_than(options_.shard)) {
    Candidate there = fresh;
    there.shard = *other;
    there.has_room = true;
    facts.candidates.push_back(there);
  }
}

Task<Lease> Pool::lease(model::FunctionPtr function) {
  if (is_closing_) co_return stopping();
  if (auto idle = take_idle(function)) co_return Lease(*this, std::move(idle), model::Start::warm);
  // A call that is cancelled meanwhile must not leave a half-made environment in its frame.
  const bool is_thrown = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  ++preparing_;
  auto prepared = co_await prepare(std::move(function));
  if (--preparing_ == 0) all_prepared_.cancel();
  replenish();
  co_await asio::this_coro::throw_if_cancelled(is_thrown);
  if (prepared && is_closing_) co_return stopping();
  co_return prepared;
}

Task<Lease> Pool::prepare(model::FunctionPtr function) {
  CO_TRY(auto needs, needs_of(*function));
  bool takes_parked = needs.may_be_parked();
  if (takes_parked) {
    Parked& parked = parked_of(needs.ahead, needs.expect);
    parked.wanted_at = parts_.clock.steady_now();
    parked.demand.note(parked.wanted_at);
    if (auto ready = take_parked(parked)) {
      auto lease = co_await assign_parked(function, needs, std::move(ready));
      if (lease || !may_another_do(lease.error())) co_return lease;
    }
  }
  for (;; takes_parked = false) {
    CO_TRY(auto begun, co_await take_turn(function, needs, takes_parked));
    if (!begun.member) {
      auto started =
          co_await start_new(std::move(function), std::move(needs), std::move(begun.claim));
      queue_.give_back();
      co_return started;
    }
    if (begun.member->environment.state() != environment::State::warm)
      co_return Lease(*this, std::move(begun.member), model::Start::warm);
    auto lease = co_await assign_parked(function, needs, std::move(begun.member));
    if (lease || !may_another_do(lease.error())) co_return lease;
  }
}

// A turn to start one, with a claim unless a parked one was expected; or one that has come
// meanwhile.
Task<Pool::Turn> Pool::take_turn(model::FunctionPtr function, const Needs& needs,
                                 bool takes_parked) {
  StartQueue::Wish wish;
  wish.function = std::move(function);
  if (takes_parked) {
    const Parked& parked = parked_of(needs.ahead, needs.expect);
    wish.kind = parked.kind;
    wish.expects_parked = expects_parked(parked);
  }
  Turn turn;
  if (!wish.expects_parked) {
    CO_TRY(co_await claim_for(needs.memory, turn.claim));
  }
  CO_TRY(auto grant, co_await queue_.wait(std::move(wish)));
  turn.member = std::move(grant.member);
  if (turn.member) turn.claim.give_back();
  co_return turn;
}

Result<Pool::Needs> Pool::needs_of(const model::FunctionVersion& function) const {
  Needs needs;
  TRY(needs.program, programs_.find(function));
  needs.spec.isolation = function.settings.isolation;
  needs.spec.tmp_mib = function.ephemeral_storage_mib;
  needs.memory = sandbox::memory_on_host(needs.spec.isolation, function.memory_mib);
  // What waits with an interpreter has one of the host's.
  if (function.root || environment::needs_own_start(needs.program, function)) return needs;
  needs.ahead = needs.program;
  const bool is_machine = needs.spec.isolation == model::Isolation::microvm;
  if (!is_machine || options_.machines == ParkedMachines::none) return needs;
  needs.expect = {.memory_mib = function.memory_mib,
                  .kernel = function.settings.kernel,
                  .account_id = options_.machines == ParkedMachines::per_account
                                    ? function.account_id
                                    : std::string()};
  return needs;
}

Task<void> Pool::claim_for(Bytes memory, Claim& claim) {
  std::function<Result<void>()> attempt = [&]() -> Result<void> {
    TRY(claim, budget_.claim(memory));
    return ok();
  };
  co_return co_await make_room(std::move(attempt));
}

// A sandbox without an interpreter saves 2 ms; to the caller that is a cold start all the same.
Task<Lease> Pool::assign_parked(model::FunctionPtr function, Needs needs, MemberPtr member) {
  const auto start = needs.ahead ? model::Start::parked : model::Start::cold;
  Claim& claim = member->claim;
  std::function<Result<void>()> attempt = [&claim, memory = needs.memory] {
    return claim.resize(memory);
  };
  auto assigned = co_await make_room(std::move(attempt));
  if (assigned)
    assigned = co_await member->environment.assign(std::move(function), std::move(needs.program));
  if (assigned) co_return Lease(*this, std::move(member), start);
  // Now, so that one which is started in its place finds room.
  co_await end(std::move(member));
  co_return assigned.error();
}

Task<Lease> Pool::start_new(model::FunctionPtr function, Needs needs, Claim claim) {
  if (!claim.is_held()) {
    CO_TRY(co_await claim_for(needs.memory, claim));  // expected a parked one, which did not come
  }
  // A machine boots with its function, and starts its interpreter then.
  const bool is_container = needs.spec.isolation == model::Isolation::container;
  const Program ahead = is_container ? needs.ahead : Program();
  for (bool is_again = false;; is_again = true) {
    auto made = make_member(std::move(claim), ahead, needs.spec);
    ++starting_;
    auto result = co_await made->environment.provision();
    if (result) result = co_await made->environment.assign(function, needs.program);
    --starting_;
    ++(result ? history_.started_for_calls : history_.failed_for_calls);
    if (result) {
      made->claim.settle();
      co_return Lease(*this, std::move(made), model::Start::cold);
    }
    const bool may_try = made->environment.was_bad_copy() && !is_again && !is_closing_;
    co_await end(std::move(made));
    if (!may_try) co_return as_shortage(result.error());
    CO_TRY(co_await claim_for(needs.memory, claim));
  }
}

// Until `attempt` succeeds, or nothing is left that could give way: first what is parked, then the
// environment that was idle longest, of any function, since what is about to run is worth more than
// what may.
Task<void> Pool::make_room(std::function<Result<void>()> attempt) {
  for (int victims = 0;; ++victims) {
    auto result = attempt();
    if (result || victims == kMostVictims) co_return result;
    MemberPtr victim = take_spare_parked();
    if (!victim) victim = take_oldest_idle();
    if (!victim) co_return result;
    co_await end(std::move(victim));
  }
}

MemberPtr Pool::make_member(Claim claim, Program program, sandbox::SandboxSpec spec,
                            std::optional<sandbox::ExpectedFunction> expect) {
  auto made = std::make_unique<Member>(std::move(claim), parts_, std::move(program), spec,
                                       std::move(expect));
  members_.insert(made.get());
  return made;
}

MemberPtr Pool::take_idle(const model::FunctionPtr& function) {
  const auto group = groups_.find(function.get());
  if (group == groups_.end()) return nullptr;
  while (!group->second.idle.empty()) {
    MemberPtr found = std::move(group->second.idle.back().member);
    group->second.idle.pop_back();
    note_idle(group->second, -1);
    if (!found->environment.is_broken()) return found;
    retire(std::move(found));
  }
  return nullptr;
}

Pool::Group* Pool::oldest_idle() {
  Group* oldest = nullptr;
  for (auto& [function, group] : groups_) {
    if (group.idle.empty()) continue;
    if (oldest == nullptr || group.idle.front().since < oldest->idle.front().since) oldest = &group;
  }
  return oldest;
}

MemberPtr Pool::take_oldest_idle() {
  Group* oldest = oldest_idle();
  if (oldest == nullptr) return nullptr;
  MemberPtr victim = std::move(oldest->idle.front().member);
  oldest->idle.erase(oldest->idle.begin());
  note_idle(*oldest, -1);
  return victim;
}

void Pool::give_back(MemberPtr given) {
  const bool is_spent = is_closing_ || given->is_outdated || given->environment.is_broken();
  if (is_spent) return retire(std::move(given));
  if (given->environment.needs_reset()) return tasks_.spawn(reset_one(std::move(given)));
  push_idle(std::move(given));
}

void Pool::push_idle(MemberPtr given) {
  if (queue_.offer_idle(given)) return;
  const model::FunctionPtr& function = given->environment.function();
  Group& group = groups_[function.get()];
  if (!group.function) {
    group.function = function;
    group.counts = board_.of(function->environment_key());
  }
  group.idle.push_back({std::move(given), parts_.clock.steady_now()});
  note_idle(group, 1);
  arm_sweep();
}

void Pool::note_idle(Group& group, int change) {
  group.counts->add(options_.shard, change);
  board_.spare().add(options_.shard, change);
}

boost::asio::awaitable<void> Pool::reset_one(MemberPtr given) {
  auto result = co_await given->environment.reset();
  if (result && !is_closing_ && !given->is_outdated && !given->environment.is_broken()) {
    push_idle(std::move(given));
    co_return;
  }
  co_await end(std::move(given));
}

void Pool::retire(MemberPtr given) { tasks_.spawn(end(std::move(given))); }

boost::asio::awaitable<void> Pool::end(MemberPtr given) {
  (void)co_await given->environment.close();
  members_.erase(given.get());
  given.reset();
  ++history_.ended;
}

std::vector<environment::EnvironmentReport> Pool::reports(
    const std::optional<std::string>& account_id) const {
  std::vector<environment::EnvironmentReport> reports;
  reports.reserve(members_.size());
  for (const Member* member : members_) {
    const model::FunctionPtr& function = member->environment.function();
    if (account_id && (!function || function->account_id != *account_id)) continue;
    reports.push_back(member->environment.report());
    reports.back().view.shard = options_.shard;
  }
  return reports;
}

PoolCounts Pool::counts() const {
  PoolCounts counts;
  for (const auto& [function, group] : groups_) {
    for (const Idle& idle : group.idle) {
      const bool is_frozen = idle.member->environment.state() == environment::State::frozen;
      ++(is_frozen ? counts.frozen : counts.idle);
    }
  }
  for (const auto& [kind, parked] : parked_) {
    counts.parked += parked.ready.size();
    counts.parked_by_runtime[parked.family] += parked.ready.size();
  }
  counts.leased = leased_;
  counts.starting = starting_;
  counts.waiting = queue_.waiting();
  counts.history = history_;
  return counts;
}

Task<void> Pool::stop_parking() {
  is_parking_over_ = true;
  for (Member* member : members_) {
    if (member->is_started_ahead) member->environment.abandon();  // may hang, as what it starts may
  }
  co_await parking_.join();
  co_return ok();
}

Task<void> Pool::close() {
  is_closing_ = true;
  sweep_timer_.cancel();
  queue_.close();
  while (MemberPtr idle = take_oldest_idle()) retire(std::move(idle));
  groups_.clear();
  while (MemberPtr parked = take_spare_parked()) retire(std::move(parked));
  while (preparing_ > 0) {
    all_prepared_.expires_at(SteadyTime::max());
    co_await all_prepared_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_await parking_.join();
  co_await tasks_.join();
  co_return ok();
}

}  // namespace proa::pool
