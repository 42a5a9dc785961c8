// Parking: interpreters that are started ahead of the calls that will need them (BASE-13, BASE-20),
// and machines with theirs. How many follows demand: as many as calls lately needed at once
// (base/demand.h), at least one container of each installed runtime on one shard, `--max-parked` in
// all. They take no turn that a call waits for, give way when the host is short, and are started
// again only when it has been quiet. There are more kinds of machines than could wait (runtimes,
// sizes, kernels): only those are kept that were wanted lately.
#include "pool/pool.h"

#include <algorithm>

namespace proa::pool {
namespace {

// What a parked environment counts as; see BudgetOptions.
constexpr Bytes kParkedMemory = Bytes::mib(128);
// After parked environments had to make room, and after a shortage met while parking.
constexpr auto kPause = std::chrono::seconds(10);
// A machine takes a second of a processor to be there, which the call that took the last one needs.
constexpr auto kMachineLull = std::chrono::seconds(1);
// Sandboxes without an interpreter serve every function that needs its own start.
const std::string kNoInterpreter = "sandbox";
constexpr unsigned kMostBackoff = 6;  ///< failures in a row that still double the wait: 64 s

}  // namespace

void Pool::keep_parked(const std::vector<environment::RuntimeProgram>& programs) {
  for (const auto& program : programs) parked_of(Program(program)).at_least = 1;
  replenish();
}

Pool::Parked& Pool::parked_of(const Program& program,
                              const std::optional<sandbox::ExpectedFunction>& expect) {
  const std::string& family = program ? program->family : kNoInterpreter;
  std::string kind = family;
  if (expect) {
    kind += " machine " + std::to_string(expect->memory_mib) + " " + expect->kernel + " " +
            expect->account_id;
  }
  Parked& parked = parked_[kind];
  if (!parked.counts) {
    parked.program = program;
    parked.family = family;
    parked.expect = expect;
    parked.memory = expect ? sandbox::memory_on_host(model::Isolation::microvm, expect->memory_mib)
                           : kParkedMemory;
    parked.counts = board_.of(IdleBoard::parked_key(kind));
    parked.kind = std::move(kind);
  }
  return parked;
}

bool Pool::Needs::may_be_parked() const {
  const bool is_kind = spec.isolation == model::Isolation::container || expect;
  return is_kind && spec.tmp_mib == kParkedTmpMib;
}

MemberPtr Pool::take_parked(Parked& parked) {
  while (!parked.ready.empty()) {
    MemberPtr found = std::move(parked.ready.front());
    parked.ready.pop_front();
    note_parked(parked, -1);
    if (!found->environment.is_broken()) return found;
    retire(std::move(found));
  }
  return nullptr;
}

// The runtime that has most of them ready: the first to make room.
Pool::Parked* Pool::most_parked() {
  Parked* most = nullptr;
  for (auto& [kind, parked] : parked_) {
    if (most == nullptr || parked.ready.size() > most->ready.size()) most = &parked;
  }
  return most == nullptr || most->ready.empty() ? nullptr : most;
}

// One that makes room for a call that cannot use it.
MemberPtr Pool::take_spare_parked() {
  Parked* most = most_parked();
  if (most == nullptr) return nullptr;
  no_parking_until_ = parts_.clock.steady_now() + kPause;
  MemberPtr taken = std::move(most->ready.front());
  most->ready.pop_front();
  note_parked(*most, -1);
  return taken;
}

// Whether one is being started that no other call waits for.
bool Pool::expects_parked(const Parked& parked) const {
  return parked.starting > queue_.expecting(parked.kind);
}

void Pool::note_parked(Parked& parked, int change) {
  parked.counts->add(options_.shard, change);
  board_.spare().add(options_.shard, change);
}

std::size_t Pool::wanted(const Parked& parked, SteadyTime now) const {
  return std::min(std::max(parked.at_least, parked.demand.expected(now)), options_.parked_max);
}

std::size_t Pool::parked_count() const {
  std::size_t count = 0;
  for (const auto& [kind, parked] : parked_) count += parked.ready.size() + parked.starting;
  return count;
}

// In turns over the runtimes, so that a busy one does not keep the others from their first.
void Pool::replenish() {
  for (bool is_any = true; is_any;) {
    is_any = false;
    for (auto& [kind, parked] : parked_) is_any = park_next(parked) || is_any;
  }
}

bool Pool::park_next(Parked& parked) {
  const SteadyTime now = parts_.clock.steady_now();
  if (is_closing_ || is_parking_over_ || now < no_parking_until_ || now < parked.retry_at)
    return false;
  if (parked.ready.size() + parked.starting >= wanted(parked, now)) return false;
  if (parked.expect && now < parked.wanted_at + kMachineLull) return false;
  if (parked_count() >= options_.parked_max || !queue_.try_take()) return false;
  auto claim = budget_.claim(parked.memory);
  if (!claim) {
    parked.retry_at = now + kPause;  // a smaller one may find room
    queue_.give_back();
    return false;
  }
  ++parked.starting;
  parking_.spawn(park_one(parked, std::move(claim.value())));
  return true;
}

boost::asio::awaitable<void> Pool::park_one(Parked& parked, Claim claim) {
  const auto isolation = parked.expect ? model::Isolation::microvm : model::Isolation::container;
  auto made =
      make_member(std::move(claim), parked.program, {isolation, kParkedTmpMib}, parked.expect);
  ++starting_;
  made->is_started_ahead = true;
  auto result = co_await made->environment.provision();
  made->is_started_ahead = false;
  --starting_;
  --parked.starting;
  ++(result ? history_.started_ahead : history_.failed_ahead);
  queue_.give_back();
  if (!result || is_closing_) {
    if (!result) {
      parked.failures = std::min(parked.failures + 1, kMostBackoff);
      parked.retry_at = parts_.clock.steady_now() + std::chrono::seconds(1U << parked.failures);
      queue_.disappoint(parked.kind);
    }
    co_await end(std::move(made));
    co_return;
  }
  parked.failures = 0;
  made->claim.settle();
  if (!queue_.offer_parked(parked.kind, made)) {
    parked.ready.push_back(std::move(made));
    note_parked(parked, 1);
    arm_sweep();
  }
  replenish();
}

// Ends what has broken and what demand no longer asks for. True while any is parked.
bool Pool::sweep_parked(SteadyTime now) {
  bool has_any = false;
  for (auto& [kind, parked] : parked_) {
    const std::size_t keep = wanted(parked, now);
    for (auto one = parked.ready.begin(); one != parked.ready.end();) {
      if (parked.ready.size() <= keep && !(*one)->environment.is_broken()) {
        ++one;
        continue;
      }
      note_parked(parked, -1);
      retire(std::move(*one));
      one = parked.ready.erase(one);
    }
    has_any = has_any || !parked.ready.empty() || keep > 0;
  }
  std::erase_if(parked_, [&](const auto& entry) {
    const Parked& parked = entry.second;
    return parked.expect && parked.ready.empty() && parked.starting == 0 &&
           wanted(parked, now) == 0;
  });
  replenish();
  return has_any;
}

}  // namespace proa::pool
