// When the lines of the AsyncQueue go on: after a pause, at an event's time, when the clock is set.
#include "dispatch/async_queue.h"

#include <algorithm>
#include <utility>

namespace proa::dispatch {
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Pause of a function for which there was no room: doubles. Lambda waits up to five minutes.
constexpr seconds kPauseMin{1};
constexpr seconds kPauseMax{30};
/// The wall clock may be set: it is looked at again after so long.
constexpr seconds kSleepMax{30};

}  // namespace

// The event goes back to the head of its function's line; the line pauses until one of its calls
// ends, or a while.
void AsyncQueue::wait_for_room(Run& run, const std::string& reason) {
  Group& group = *run.group;
  const WallTime now = parts_.clock.wall_now();
  if (!is_closing_) {
    const auto pause = std::min(kPauseMin * (1U << std::min(group.throttles, 5U)), kPauseMax);
    if (group.throttles++ == 0) {
      parts_.log.info("events_wait", {{"function", run.event.function.arn()},
                                      {"reason", reason},
                                      {"pause_ms", milliseconds(pause).count()}});
    }
    group.window.throttled(group.running);
    group.blocked_until = now + pause;
    group.blocked_at = parts_.catalog.generation();
  }
  run.event.reason = "waited: " + reason;
  put_back(run.id, group, run.event, std::min(now, run.event.accepted));
}

// A pause ends early when something of the functions is changed (more concurrency, less memory):
// that is looked at every second. When to look again, or the past.
WallTime AsyncQueue::end_of_pause(Group& group, WallTime now) {
  if (group.blocked_until <= now) return WallTime();
  if (parts_.catalog.generation() != group.blocked_at) return group.blocked_until = WallTime();
  return std::min(group.blocked_until, now + kPauseMin);
}

void AsyncQueue::wake_at(Group& group, WallTime at) {
  if (group.wake && *group.wake <= at) return;
  if (group.wake) wakes_.erase({*group.wake, &group});
  group.wake = at;
  wakes_.emplace(at, &group);
  if (wakes_.begin()->second == &group) arm();
}

void AsyncQueue::arm() {
  if (wakes_.empty() || is_closing_) return;
  const auto left = wakes_.begin()->first - parts_.clock.wall_now();
  wake_timer_.expires_after(std::clamp<WallTime::duration>(left, milliseconds(1), kSleepMax));
  wake_timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped) woken();
  });
}

void AsyncQueue::woken() {
  const WallTime now = look_at_clock();
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    Group& group = *wakes_.begin()->second;
    wakes_.erase(wakes_.begin());
    group.wake.reset();
    pump(group);
  }
  arm();
}

WallTime AsyncQueue::look_at_clock() {
  const WallTime now = parts_.clock.wall_now();
  const WallTime before = std::exchange(looked_at_clock_, now);
  if (before - now > seconds(1)) set_back(before - now);
  return now;
}

// The wall clock was set back: without this all that waits would do so for as long once more.
void AsyncQueue::set_back(WallTime::duration by) {
  const auto by_ms = std::chrono::duration_cast<milliseconds>(by);
  parts_.log.warn("clock_set_back", {{"by_ms", by_ms.count()}});
  if (const auto done = store_.value()->hasten(by_ms); !done) {
    parts_.log.error("events_not_hastened", {{"reason", done.error().message()}});
  }
  wakes_.clear();
  for (const auto& [name, group] : groups_) {
    group->wake.reset();
    group->next_due -= by;
    group->blocked_until -= by;
    pump_again(*group);
  }
}

}  // namespace proa::dispatch
