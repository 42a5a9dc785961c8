// Idle policy: what happens to an environment that no call wants. running -> frozen after the
// function's `proa:idle freeze`, removed after `proa:idle remove` or as soon as its version is
// replaced. Parked environments go after ten minutes without use of their runtime.
#include "pool/pool.h"

namespace proa::pool {
namespace {

constexpr auto kBusySweep = std::chrono::milliseconds(25);
constexpr auto kQuietSweep = std::chrono::seconds(1);
constexpr auto kParkedIdle = std::chrono::minutes(10);

}  // namespace

// Something became idle: look at it soon, however quiet it was before.
void Pool::arm_sweep() {
  if (sweep_ == Sweep::busy || is_closing_) return;
  schedule_sweep(Sweep::busy);
}

void Pool::schedule_sweep(Sweep pace) {
  sweep_ = pace;
  if (pace == Sweep::none) return;
  sweep_timer_.expires_after(pace == Sweep::busy
                                 ? std::chrono::steady_clock::duration(kBusySweep)
                                 : std::chrono::steady_clock::duration(kQuietSweep));
  sweep_timer_.async_wait([this](boost::system::error_code failed) {
    if (!failed && !is_closing_) sweep();
  });
}

void Pool::sweep() {
  const SteadyTime now = parts_.clock.steady_now();
  bool has_unfrozen = false;
  for (auto group = groups_.begin(); group != groups_.end();) {
    has_unfrozen = sweep_group(group->second, now) || has_unfrozen;
    group = group->second.idle.empty() ? groups_.erase(group) : std::next(group);
  }
  bool has_parked = false;
  for (auto& [family, parked] : parked_) {
    if (now - parked.last_taken >= kParkedIdle) {
      for (EnvironmentPtr& ready : parked.ready) retire(std::move(ready));
      parked.ready.clear();
      parked.target = 0;
    }
    has_parked = has_parked || !parked.ready.empty();
  }
  if (groups_.empty() && !has_parked) return schedule_sweep(Sweep::none);
  schedule_sweep(has_unfrozen ? Sweep::busy : Sweep::quiet);
}

// True while one of the group's environments still runs and must be looked at soon.
bool Pool::sweep_group(Group& group, SteadyTime now) {
  bool has_unfrozen = false;
  for (auto idle = group.idle.begin(); idle != group.idle.end();) {
    environment::Environment& one = *idle->environment;
    const model::FunctionVersion& function = *one.function();
    const auto idle_time = now - idle->since;
    if (one.is_broken() || idle_time >= function.settings.idle_remove ||
        !hooks_.is_current(function)) {
      note_idle(group, -1);
      retire(std::move(idle->environment));
      idle = group.idle.erase(idle);
      continue;
    }
    if (one.state() == environment::State::assigned) {
      const bool is_due = idle_time >= function.settings.idle_freeze;
      // A host without a freezer leaves it running: `proa status` says so.
      if (!is_due || !one.freeze()) has_unfrozen = has_unfrozen || !is_due;
    }
    ++idle;
  }
  return has_unfrozen;
}

}  // namespace proa::pool
