#include "dispatch/async_queue.h"

#include "base/check.h"
#include "base/run_on.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace proa::dispatch {
namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kSweepEvery{60};
/// Of the store's file; what a long line of events has left beyond it goes back to the disk.
constexpr Bytes kUnusedKept = Bytes::mib(64);
/// The kernel counts processor time in ticks of 10 ms: shorter looks would see noise.
constexpr milliseconds kLookEvery{250};
/// How long cancelled calls get to unwind.
constexpr seconds kUnwindTime{10};

}  // namespace

AsyncQueue::AsyncQueue(AsyncParts parts, Store store, AsyncOptions options)
    : parts_(std::move(parts)),
      store_(std::move(store)),
      options_(options),
      wake_timer_(parts_.executor),
      sweep_timer_(parts_.executor),
      retry_timer_(parts_.executor),
      all_ended_(parts_.executor) {}

AsyncQueue::~AsyncQueue() { check(runs_.empty(), "an event queue must be closed before it goes"); }

Task<void> AsyncQueue::start(std::vector<Worker> workers) {
  auto task = start_here(std::move(workers));
  co_return co_await run_on<void>(parts_.executor, std::move(task));
}

Task<void> AsyncQueue::start_here(std::vector<Worker> workers) {
  workers_ = std::move(workers);
  CO_TRY(check_store());
  looked_at_clock_ = parts_.clock.wall_now();
  CO_TRY(const auto groups, store_.value()->groups());
  for (const auto& waiting : groups) {
    Group& group = group_of(waiting.name);
    group.waiting += waiting.waiting;
    group.next_due = waiting.next_due;
    pump_again(group);
  }
  sweep_dead_letters();
  co_return ok();
}

Task<void> AsyncQueue::close(SteadyTime deadline) {
  auto task = close_here(deadline);
  co_return co_await run_on<void>(parts_.executor, std::move(task));
}

Task<void> AsyncQueue::close_here(SteadyTime deadline) {
  is_closing_ = true;
  wake_timer_.cancel();
  sweep_timer_.cancel();
  for (const SteadyTime until : {deadline, deadline + kUnwindTime}) {
    while (!runs_.empty() && parts_.clock.steady_now() < until) {
      all_ended_.expires_at(until);
      co_await all_ended_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    // What is left is cut off, and waits for the next start.
    for (const auto& run : runs_) {
      asio::post(run->worker.executor,
                 [run] { run->stop.emit(asio::cancellation_type::terminal); });
    }
  }
  flush();
  retry_timer_.cancel();
  do {  // what was posted or has fired already still refers to us
    co_await asio::post(parts_.executor, asio::use_awaitable);
  } while (posted_ > 0);
  if (changes_.is_empty()) co_return ok();
  co_return Error(Errc::exhausted, "the ends of some events could not be stored: they run again");
}

Result<void> AsyncQueue::check_store() const {
  if (store_) return ok();
  return Error(Errc::unavailable,
               "Asynchronous calls are not possible: " + store_.error().message());
}

Result<void> AsyncQueue::check_disk(const Event& event) {
  if (!parts_.disk_left) return ok();
  const SteadyTime now = parts_.clock.steady_now();
  if (now - disk_checked_at_ > seconds(1)) {
    TRY(const Bytes unused, store_.value()->unused());
    disk_checked_at_ = now;
    const std::uint64_t left = parts_.disk_left().count();
    disk_left_ = Bytes(std::max(left, left + unused.count()));  // unknown: the largest number
  }
  // Until the next look: it is written to the store's log and to its file.
  const Bytes needed(2 * event.invocation.payload.size());
  if (disk_left_.count() >= options_.disk_reserve.count() + needed.count()) {
    disk_left_ = Bytes(disk_left_.count() - needed.count());
    return ok();
  }
  return Error(Errc::exhausted, "No new events: the disk of the data folder has only " +
                                    std::to_string(disk_left_.mib_ceil()) + " MiB left");
}

AsyncQueue::Group& AsyncQueue::group_of(const std::string& name) {
  auto& group = groups_[name];
  if (!group) {
    const EventWindow window(options_.processors, options_.running_max);
    group = std::make_unique<Group>(name, window);
  }
  return *group;
}

EventRules AsyncQueue::rules_of(const Event& event) const {
  EventRules rules;
  rules.retry_delay = options_.retry_delay;
  model::FunctionRef function = event.function;
  function.qualifier.reset();
  const auto record = parts_.catalog.find(function);
  if (!record) return rules;
  rules.is_paused = record.value()->reserved_concurrency == 0U;
  const auto& configs = record.value()->event_configs;
  const auto config = configs.find(event.function.qualifier.value_or("$LATEST"));
  if (config == configs.end()) return rules;
  rules.retries_max = config->second.retries_max.value_or(rules.retries_max);
  rules.age_max = config->second.age_max.value_or(rules.age_max);
  rules.on_success = config->second.on_success;
  rules.on_failure = config->second.on_failure;
  return rules;
}

std::size_t AsyncQueue::room_of(const Group& group) const {
  const std::size_t window = group.window.size();
  if (group.running >= window || running_ >= options_.running_max) return 0;
  return std::min(window - group.running, options_.running_max - running_);
}

// Takes as many of a function's events as there is room for, and begins them.
void AsyncQueue::pump(Group& group) {
  if (is_closing_ || !store_ || workers_.empty() || group.waiting == 0) return;
  const WallTime now = look_at_clock();
  const WallTime ready = std::max(group.next_due, end_of_pause(group, now));
  if (ready > now) return wake_at(group, ready);
  const std::size_t room = room_of(group);
  if (room == 0) return wait_for_place(group);
  storage::WorkQueue& store = *store_.value();
  auto taken = store.take(group.name, now, room);
  if (!taken) {
    parts_.log.error("events_not_taken", {{"reason", taken.error().message()}});
    return wake_at(group, now + seconds(1));
  }
  auto& items = taken.value();
  group.waiting -= std::min<std::uint64_t>(items.size(), group.waiting);
  if (items.size() < room && group.waiting > 0) {
    const auto due = store.next_due(group.name);
    group.next_due = due ? due.value().value_or(now) : now + seconds(1);
    if (due && !due.value()) group.waiting = 0;
  }
  for (auto& item : items) begin_taken(group, std::move(item));
  pump_again(group);
}

// Its window may open while those that run go on for minutes; a place among all comes in turn.
void AsyncQueue::wait_for_place(Group& group) {
  if (group.running >= group.window.size()) {
    look_at_host(group, group.running);
    if (group.running < group.window.size()) return pump_again(group);
    return wake_at(group, parts_.clock.wall_now() + kLookEvery);
  }
  if (group.is_in_line) return;
  group.is_in_line = true;
  line_.push_back(&group);
}

// Behind what came meanwhile: a long line of events that begin nothing must not hold others up.
void AsyncQueue::pump_again(Group& group) {
  if (group.waiting == 0) return;
  later([this, &group] { pump(group); });
}

void AsyncQueue::begin_taken(Group& group, storage::WorkItem item) {
  const WallTime now = parts_.clock.wall_now();
  auto event = decode_event(item.head, std::move(item.body));
  if (!event) {
    parts_.log.error("event_unreadable", {{"id", item.id}, {"reason", event.error().message()}});
    changes_.given_up.push_back({item.id, now, std::move(item.head)});
    return plan_flush();
  }
  const EventRules rules = rules_of(event.value());
  const Course course = course_before(event.value(), rules, item.interruptions, now);
  if (course.step == Course::Step::give_up) {
    return end_event(item.id, event.value(), rules, course);
  }
  auto run = make_run(group, std::move(event.value()), rules);
  run->id = item.id;
  begin(run);
}

AsyncQueue::RunPtr AsyncQueue::make_run(Group& group, Event event, EventRules rules) {
  auto run = std::make_shared<Run>();
  run->group = &group;
  run->event = std::move(event);
  run->event.invocation.is_event = true;
  run->rules = std::move(rules);
  // Few at once stay on one shard, where their idle environments are; more spread out.
  const std::size_t home = std::hash<std::string>()(group.name);
  run->worker = workers_[(home + group.running / 2) % workers_.size()];
  ++group.running;
  ++running_;
  return run;
}

void AsyncQueue::begin(const RunPtr& run) {
  runs_.insert(run);
  auto completion = [this, run](const std::exception_ptr&) {
    asio::post(parts_.executor, [this, run] { ended(run); });
  };
  asio::co_spawn(run->worker.executor, attempt(run),
                 asio::bind_cancellation_slot(run->stop.slot(), std::move(completion)));
}

asio::awaitable<void> AsyncQueue::attempt(RunPtr run) {
  run->result.emplace(
      co_await run->worker.dispatcher->invoke(run->event.function, run->event.invocation));
}

void AsyncQueue::ended(const RunPtr& run) {
  runs_.erase(run);
  --running_;
  --run->group->running;
  settle(*run);
  if (runs_.empty()) all_ended_.cancel();
  plan_flush();
  feed_line();  // who waits for a place comes before another event of this function
  pump(*run->group);
}

void AsyncQueue::look_at_host(Group& group, std::size_t running) {
  const SteadyTime now = parts_.clock.steady_now();
  if (now - looked_at_ >= kLookEvery) {
    looked_at_ = now;
    ++looks_;
    if (parts_.idle_part) idle_part_ = parts_.idle_part();
  }
  if (std::exchange(group.looks, looks_) == looks_) return;
  group.window.look(idle_part_, running);
}

void AsyncQueue::settle(Run& run) {
  Group& group = *run.group;
  const Result<model::InvocationResult> cut = Error(Errc::cancelled, "was cut off");
  const auto& result = run.result ? *run.result : cut;
  if (result) {
    group.throttles = 0;
    group.blocked_until = WallTime();
    look_at_host(group, group.running + 1);
  }
  const Course course = course_after(run.event, run.rules, result, parts_.clock.wall_now());
  switch (course.step) {
    case Course::Step::repeat:
      ++totals_.retried;
      return put_back(run.id, group, run.event, course.due);
    case Course::Step::wait:
      return wait_for_room(run, course.reason);
    case Course::Step::finish:
    case Course::Step::give_up:
      return end_event(run.id, run.event, run.rules, course);
  }
}

void AsyncQueue::put_back(std::uint64_t id, Group& group, const Event& event, WallTime due) {
  changes_.delayed.push_back({id, due, encode_head(event)});
  coming_.push_back({&group, due});
  plan_flush();
}

void AsyncQueue::end_event(std::uint64_t id, Event& event, const EventRules& rules,
                           const Course& course) {
  const bool is_success = course.step == Course::Step::finish;
  ++(is_success ? totals_.succeeded : totals_.failed);
  const std::string& destination = is_success ? rules.on_success : rules.on_failure;
  const bool is_sent = course.condition != condition::kDestinationLoop &&
                       send_to(destination, event, is_success ? "Success" : course.condition);
  if (is_success || is_sent) {
    changes_.finished.push_back(id);
  } else {
    event.condition = course.condition;
    // One that has become too old tells what it waited for.
    if (course.condition != condition::kEventAgeExceeded) event.reason = course.reason;
    changes_.given_up.push_back({id, parts_.clock.wall_now(), encode_head(event)});
  }
  if (!is_success) log_given_up(event, course, is_sent ? destination : "dead letter");
  plan_flush();
}

// One line a second, with the number of those that were left out: a function that is deleted may
// leave a million. Each is a dead letter or a destination's event as well.
void AsyncQueue::log_given_up(const Event& event, const Course& course,
                              std::string_view destination) {
  const SteadyTime now = parts_.clock.steady_now();
  const bool is_told = now >= next_given_up_;
  if (is_told) next_given_up_ = now + seconds(1);
  const auto left_out = is_told ? std::exchange(given_up_left_out_, 0) : ++given_up_left_out_;
  parts_.log.log(is_told ? telemetry::Level::warn : telemetry::Level::debug, "event_given_up",
                 {{"function", event.function.arn()},
                  {"request_id", event.invocation.request_id},
                  {"condition", course.condition},
                  {"attempts", event.attempts},
                  {"destination", destination},
                  {"left_out", left_out}});
}

// The destination's event is stored with the end of this one, or neither is. False: there is none.
bool AsyncQueue::send_to(const std::string& destination, const Event& event,
                         std::string_view condition) {
  if (destination.empty()) return false;
  const model::Scope scope{event.function.account_id, event.function.region};
  auto ref = model::parse_function_arn(destination, scope);
  if (!ref) {
    parts_.log.error("destination_unusable",
                     {{"destination", destination}, {"reason", ref.error().message()}});
    return false;
  }
  const WallTime now = parts_.clock.wall_now();
  Event message;
  message.accepted = now;
  message.hops = event.hops + 1;
  message.invocation.request_id = random_.uuid();
  message.invocation.trace_id = event.invocation.trace_id;
  message.invocation.invoked_arn = ref.value().arn();
  message.function = std::move(ref.value());
  storage::WorkChanges::Push push;
  push.item.group = message.group();
  push.item.head = encode_head(message);
  push.item.body = destination_record(event, condition, now);
  push.item.due = now;
  coming_.push_back({&group_of(push.item.group), now});
  changes_.pushed.push_back(std::move(push));
  return true;
}

// Behind everything that is on its way to this executor already.
void AsyncQueue::later(std::function<void()> work) {
  ++posted_;
  asio::post(parts_.executor, [this, work = std::move(work)] {
    --posted_;
    work();
  });
}

void AsyncQueue::feed_line() {
  while (!line_.empty() && running_ < options_.running_max) {
    Group& group = *line_.front();
    line_.pop_front();
    group.is_in_line = false;
    pump(group);
  }
}

// Again and again with what comes meanwhile in between, until all that is old is gone.
void AsyncQueue::sweep_dead_letters() {
  if (is_closing_) return;
  const WallTime before = parts_.clock.wall_now() - options_.dead_letter_age;
  const auto forgotten =
      store_.value()->forget_dead_letters(before, options_.dead_letters_max.count());
  if (!forgotten) {
    parts_.log.error("dead_letters_not_swept", {{"reason", forgotten.error().message()}});
  } else if (forgotten.value() > 0) {
    forgotten_ += forgotten.value();
    return later([this] { sweep_dead_letters(); });
  }
  if (forgotten_ > 0) parts_.log.warn("dead_letters_forgotten", {{"count", forgotten_}});
  forgotten_ = 0;
  shrink_store();
  sweep_timer_.expires_after(kSweepEvery);
  sweep_timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped) sweep_dead_letters();
  });
}

void AsyncQueue::shrink_store() {
  if (is_closing_) return;
  const auto has_more = store_.value()->shrink(kUnusedKept);
  if (!has_more) {
    parts_.log.error("queue_not_shrunk", {{"reason", has_more.error().message()}});
  } else if (has_more.value()) {
    later([this] { shrink_store(); });
  }
}

}  // namespace proa::dispatch
