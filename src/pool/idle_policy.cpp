// Idle policy: what happens to an environment that no call wants. running -> frozen after the
// function's `proa:idle freeze`, removed after `proa:idle remove` or as soon as its version is
// replaced. Parked environments: parking.cpp.
#include "pool/pool.h"

namespace proa::pool {
namespace {

constexpr auto kBusySweep = std::chrono::milliseconds(25);
constexpr auto kQuietSweep = std::chrono::seconds(1);
constexpr auto kSlowSweep = std::chrono::seconds(5);  ///< when only parked environments are left

}  // namespace

// Something became idle: look at it soon, however quiet it was before.
void Pool::arm_sweep() {
  if (sweep_ == Sweep::busy || is_closing_) return;
  schedule_sweep(Sweep::busy);
}

void Pool::schedule_sweep(Sweep pace) {
  sweep_ = pace;
  if (pace == Sweep::none) return;
  std::chrono::steady_clock::duration time = kBusySweep;
  if (pace == Sweep::quiet) time = kQuietSweep;
  if (pace == Sweep::slow) time = kSlowSweep;
  sweep_timer_.expires_after(time);
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
  const bool has_parked = sweep_parked(now);
  if (!groups_.empty()) return schedule_sweep(has_unfrozen ? Sweep::busy : Sweep::quiet);
  schedule_sweep(has_parked ? Sweep::slow : Sweep::none);
}

void Pool::retire_all(const std::function<bool(const model::FunctionVersion&)>& is_meant) {
  for (Member* member : members_) {
    const model::FunctionPtr& function = member->environment.function();
    if (function && is_meant(*function)) member->is_outdated = true;
  }
  for (auto& [function, group] : groups_) {
    if (!is_meant(*function)) continue;
    for (Idle& idle : group.idle) {
      note_idle(group, -1);
      retire(std::move(idle.member));
    }
    group.idle.clear();  // the group goes with the next sweep
  }
}

// True while one of the group's environments still runs and must be looked at soon.
bool Pool::sweep_group(Group& group, SteadyTime now) {
  bool has_unfrozen = false;
  for (auto idle = group.idle.begin(); idle != group.idle.end();) {
    environment::Environment& one = idle->member->environment;
    const model::FunctionVersion& function = *one.function();
    const auto idle_time = now - idle->since;
    if (one.is_broken() || idle_time >= function.settings.idle_remove ||
        !hooks_.is_current(function)) {
      note_idle(group, -1);
      retire(std::move(idle->member));
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
