// Schedules: the loop that begins what is due. One coroutine on the strand; while it waits for the
// queue, users may change the schedules that it looks at.
#include "base/check.h"
#include "base/run_on.h"
#include "schedule/due.h"
#include "schedule/event.h"
#include "schedule/records.h"
#include "schedule/schedule.h"

#include <algorithm>

namespace proa::schedule {
namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// So many runs share the syncs of their records and of the queue.
constexpr std::size_t kBatchMax = 256;
/// The clock is looked at so often, as it may have jumped.
constexpr seconds kLookEvery{5};
/// Until a run is tried again that the queue could not take, or a record that was not stored.
constexpr seconds kRetryAfter{5};
/// The kernel's clock is slewed by less.
constexpr seconds kSetBackLeast{1};

/// The queue will not take the run tomorrow either, as things are.
bool is_final(Errc code) {
  switch (code) {
    case Errc::not_found:
    case Errc::invalid:
    case Errc::denied:
    case Errc::too_large:
    case Errc::unsupported:
      return true;
    default:
      return false;
  }
}

}  // namespace

Task<void> Schedules::start() { return run_boxed_on<void>(strand_, start_here()); }
Task<void> Schedules::close() { return run_boxed_on<void>(strand_, close_here()); }
Task<void> Schedules::look() { return run_boxed_on<void>(strand_, look_here()); }

asio::awaitable<std::optional<Result<void>>> Schedules::start_here() {
  seen_ = now();
  for (const auto& schedule : all()) plan(*schedule);
  tasks_.spawn(serve());
  co_return Result<void>(ok());
}

asio::awaitable<std::optional<Result<void>>> Schedules::close_here() {
  is_closing_ = true;
  timer_.cancel();
  co_await tasks_.join();
  co_return Result<void>(ok());
}

asio::awaitable<std::optional<Result<void>>> Schedules::look_here() {
  if (seen_ == WallTime()) {
    seen_ = now();
    for (const auto& schedule : all()) plan(*schedule);
  }
  look_at_clock();
  for (auto batch = take_due(); !batch.empty() && !is_closing_; batch = take_due()) {
    co_await run_batch(std::move(batch));
  }
  co_return Result<void>(ok());
}

asio::awaitable<void> Schedules::serve() {
  while (!is_closing_) {
    co_await look_here();
    if (!is_closing_) co_await wait();
  }
}

asio::awaitable<void> Schedules::wait() {
  auto longest = SteadyTime::duration(kLookEvery);
  if (line_.empty()) {
    timer_.expires_at(SteadyTime::max());
  } else {
    const auto left = std::max(line_.begin()->first - now(), WallTime::duration(0));
    timer_.expires_after(std::min<SteadyTime::duration>(left, longest));
  }
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

// Jumps forwards need nothing: what was due meanwhile is late, as if the daemon had been down.
void Schedules::look_at_clock() {
  const WallTime at = now();
  const WallTime before = std::exchange(seen_, at);
  if (at + kSetBackLeast >= before) return;
  parts_.log.warn("clock_set_back", {{"by_ms", epoch_ms(before) - epoch_ms(at)}});
  std::vector<Schedule> changed;
  for (const auto& schedule : all()) {
    Schedule next = *schedule;
    if (adjust_to_clock(next.definition, next.progress, at)) changed.push_back(std::move(next));
  }
  if (changed.empty()) return;
  if (const auto stored = store_progress(changed); !stored) {
    parts_.log.error("schedules_not_stored", {{"reason", stored.error().message()}});
  }
  for (Schedule& schedule : changed) {
    plan(schedule);
    show(std::make_shared<const Schedule>(std::move(schedule)));
  }
}

std::vector<SchedulePtr> Schedules::take_due() {
  std::vector<SchedulePtr> due;
  const WallTime at = now();
  while (!line_.empty() && line_.begin()->first <= at && due.size() < kBatchMax) {
    const Name name = line_.begin()->second;
    plan_at(name, std::nullopt);
    if (auto schedule = found(name)) due.push_back(std::move(schedule));
  }
  return due;
}

asio::awaitable<void> Schedules::run_batch(std::vector<SchedulePtr> batch) {
  auto attempts = decide(batch);
  TaskGroup on_their_way(strand_);
  for (Attempt& attempt : attempts) on_their_way.spawn(queue_run(attempt));
  co_await on_their_way.join();
  settle(attempts);
}

// What is to run is stored before it is queued: a daemon that is killed in between queues it again.
std::vector<Schedules::Attempt> Schedules::decide(const std::vector<SchedulePtr>& batch) {
  std::vector<Attempt> again;
  std::vector<Schedule> changed;
  for (const auto& schedule : batch) {
    if (schedule->progress.intended) {
      again.push_back({schedule, *schedule->progress.intended, {}, std::nullopt});
      continue;
    }
    if (!schedule->definition.is_enabled) continue;
    const Due due = what_is_due(schedule->definition, schedule->progress, now(), options_.late_max);
    if (!due.run && due.missed == 0) {
      plan(*schedule);
      continue;
    }
    Schedule next = *schedule;
    next.progress.through = due.through;
    next.progress.intended = due.run;
    next.progress.missed += due.missed;
    auto& times = next.progress.missed_times;
    times.insert(times.begin(), due.times.begin(), due.times.end());
    if (times.size() > kMissedKept) times.resize(kMissedKept);
    changed.push_back(std::move(next));
  }
  auto attempts = intend(std::move(changed));
  for (Attempt& attempt : again) attempts.push_back(std::move(attempt));
  for (Attempt& attempt : attempts) {
    attempt.request_id = request_id_of(*attempt.schedule, attempt.due);
  }
  return attempts;
}

std::vector<Schedules::Attempt> Schedules::intend(std::vector<Schedule> changed) {
  if (changed.empty()) return {};
  if (const auto stored = store_progress(changed); !stored) {
    parts_.log.error("schedules_not_stored", {{"reason", stored.error().message()}});
    for (const Schedule& schedule : changed) plan_at(schedule.name, now() + kRetryAfter);
    return {};
  }
  std::vector<Attempt> attempts;
  for (Schedule& schedule : changed) {
    auto shown = std::make_shared<const Schedule>(std::move(schedule));
    const auto before = found(shown->name);
    tell_missed(*shown, shown->progress.missed - (before ? before->progress.missed : 0));
    show(shown);
    if (shown->progress.intended) {
      attempts.push_back({shown, *shown->progress.intended, {}, std::nullopt});
    } else {
      plan(*shown);
    }
  }
  return attempts;
}

void Schedules::tell_missed(const Schedule& schedule, std::uint64_t missed) {
  if (missed == 0) return;
  {
    const std::lock_guard lock(mutex_);
    counted_.missed += missed;
  }
  const WallTime last = schedule.progress.missed_times.front();
  parts_.log.warn("schedule_runs_missed", {{"schedule", schedule.name.arn()},
                                           {"missed", missed},
                                           {"last_due", event_time(last)},
                                           {"policy", to_string(schedule.definition.missed)}});
}

asio::awaitable<void> Schedules::queue_run(Attempt& attempt) {
  auto invocation = invocation_of(*attempt.schedule, attempt.due, attempt.request_id);
  model::FunctionRef function = attempt.schedule->definition.function;
  attempt.accepted.emplace(
      co_await parts_.events.accept(std::move(function), std::move(invocation)));
}

void Schedules::settle(const std::vector<Attempt>& attempts) {
  std::vector<Schedule> changed;
  for (const Attempt& attempt : attempts) {
    const auto schedule = found(attempt.schedule->name);
    // Deleted, or given another time meanwhile: the run was of what it was before.
    const bool is_same = schedule && schedule->created == attempt.schedule->created &&
                         schedule->progress.intended == attempt.due;
    if (!is_same) continue;
    changed.push_back(*schedule);
    settle_one(attempt, changed.back());
  }
  if (changed.empty()) return;
  if (const auto stored = store_progress(changed); !stored) {
    // What runs next stores it too; after a crash the same runs would be queued again.
    parts_.log.error("schedules_not_stored", {{"reason", stored.error().message()}});
  }
  for (Schedule& schedule : changed) {
    const bool is_waiting =
        schedule.progress.failure && schedule.progress.through < schedule.progress.failure->due;
    if (is_waiting) {
      plan_at(schedule.name, now() + kRetryAfter);
    } else {
      plan(schedule);
    }
    show(std::make_shared<const Schedule>(std::move(schedule)));
  }
}

void Schedules::settle_one(const Attempt& attempt, Schedule& schedule) {
  Progress& progress = schedule.progress;
  const WallTime at = now();
  progress.intended.reset();
  if (*attempt.accepted) {
    progress.through = std::max(progress.through, attempt.due);
    progress.last_run = Run{attempt.due, at, attempt.request_id};
    progress.failure.reset();
    ++progress.runs;
    const std::lock_guard lock(mutex_);
    ++counted_.runs;
    return;
  }
  const Error& error = attempt.accepted->error();
  const bool is_new = !progress.failure || progress.failure->due != attempt.due;
  progress.failure = Failure{attempt.due, at, error.message()};
  if (is_new) {
    parts_.log.warn("schedule_run_failed", {{"schedule", schedule.name.arn()},
                                            {"due", event_time(attempt.due)},
                                            {"reason", error.message()}});
  }
  if (!is_final(error.code())) return;
  progress.through = std::max(progress.through, attempt.due);
  ++progress.failed;
  const std::lock_guard lock(mutex_);
  ++counted_.failed;
}

Result<void> Schedules::store_progress(const std::vector<Schedule>& changed) {
  std::vector<storage::Write> writes;
  writes.reserve(changed.size());
  for (const Schedule& schedule : changed) {
    writes.push_back(
        {std::string(kProgressBucket), record_key(schedule.name), encode(schedule.progress)});
  }
  return parts_.store.write(writes);
}

void Schedules::plan(const Schedule& schedule) {
  if (schedule.progress.intended) return plan_at(schedule.name, WallTime());
  if (!schedule.definition.is_enabled) return plan_at(schedule.name, std::nullopt);
  plan_at(schedule.name, next_due(schedule.definition, schedule.progress));
}

void Schedules::plan_at(const Name& name, std::optional<WallTime> due) {
  const auto planned = planned_.find(name);
  if (planned != planned_.end()) {
    line_.erase({planned->second, name});
    planned_.erase(planned);
  }
  if (!due) return;
  planned_[name] = *due;
  line_.emplace(*due, name);
  if (line_.begin()->second == name) timer_.cancel();
}

}  // namespace proa::schedule
