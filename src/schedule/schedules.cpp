// Schedules: what there is, and what users change of it.
#include "base/run_on.h"
#include "model/trace_context.h"
#include "schedule/due.h"
#include "schedule/event.h"
#include "schedule/records.h"
#include "schedule/schedule.h"

#include <algorithm>
#include <functional>

namespace proa::schedule {
namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

template <class T>
asio::awaitable<std::optional<Result<T>>> run(std::function<Result<T>()> work) {
  co_return work();
}

Error no_schedule(const Name& name) {
  return Error(Errc::not_found, "There is no schedule " + name.name.substr(0, 64));
}

}  // namespace

std::string Name::arn() const {
  return "arn:aws:scheduler:" + region + ":" + account_id + ":schedule/default/" + name;
}

std::string_view to_string(State state) {
  switch (state) {
    case State::active:
      return "active";
    case State::disabled:
      return "disabled";
    case State::ended:
      return "ended";
    case State::no_zone:
      return "no_zone";
    case State::no_function:
      return "no_function";
    case State::failing:
      return "failing";
  }
  return "active";
}

Schedules::Schedules(Parts parts, Options options)
    : parts_(std::move(parts)),
      options_(options),
      strand_(asio::make_strand(parts_.blocking)),
      timer_(strand_),
      tasks_(strand_) {}

Schedules::~Schedules() = default;

Result<std::unique_ptr<Schedules>> Schedules::open(Parts parts, Options options) {
  std::unique_ptr<Schedules> made(new Schedules(std::move(parts), options));
  TRY(made->load());
  return made;
}

Result<void> Schedules::load() {
  TRY(const auto records, parts_.store.list(kBucket));
  TRY(const auto all_progress, parts_.store.list(kProgressBucket));
  std::map<std::string, std::string> progress_of;
  for (const auto& entry : all_progress) progress_of[entry.key] = entry.value;
  for (const auto& entry : records) {
    TRY(auto schedule, decode_schedule(entry.key, entry.value));
    TRY(schedule.progress, decode_progress(entry.key, progress_of[entry.key]));
    adjust_to_clock(schedule.definition, schedule.progress, now());
    const Name name = schedule.name;
    if (lacks_zone(schedule.definition)) {
      parts_.log.error("schedule_without_zone",
                       {{"schedule", name.arn()}, {"timezone", schedule.definition.zone.name()}});
    }
    schedules_[name] = std::make_shared<const Schedule>(std::move(schedule));
  }
  return ok();
}

WallTime Schedules::now() const {
  return std::chrono::floor<milliseconds>(parts_.clock.wall_now());
}

SchedulePtr Schedules::found(const Name& name) const {
  const std::lock_guard lock(mutex_);
  const auto place = schedules_.find(name);
  return place == schedules_.end() ? nullptr : place->second;
}

std::vector<SchedulePtr> Schedules::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<SchedulePtr> list;
  list.reserve(schedules_.size());
  for (const auto& [name, schedule] : schedules_) list.push_back(schedule);
  return list;
}

void Schedules::show(SchedulePtr schedule) {
  const std::lock_guard lock(mutex_);
  schedules_[schedule->name] = std::move(schedule);
}

View Schedules::view_of(SchedulePtr schedule) const {
  const Definition& said = schedule->definition;
  const Progress& progress = schedule->progress;
  View view;
  view.schedule = std::move(schedule);
  const auto next = progress.intended ? progress.intended : next_due(said, progress);
  if (said.is_enabled) view.next = next;
  if (!said.is_enabled) {
    view.state = State::disabled;
  } else if (lacks_zone(said)) {
    view.state = State::no_zone;
  } else if (!next) {
    view.state = State::ended;
  } else if (!parts_.catalog.resolve(said.function)) {
    view.state = State::no_function;
  } else if (progress.failure) {
    view.state = State::failing;
  }
  return view;
}

std::vector<View> Schedules::list(const model::Scope& scope, const std::string& after,
                                  std::size_t max) const {
  std::vector<SchedulePtr> page;
  {
    const std::lock_guard lock(mutex_);
    const Name last{scope.account_id, scope.region, after};
    for (auto i = schedules_.upper_bound(last); i != schedules_.end() && page.size() < max; ++i) {
      const bool is_theirs =
          i->first.account_id == scope.account_id && i->first.region == scope.region;
      if (!is_theirs) break;
      page.push_back(i->second);
    }
  }
  std::vector<View> views;
  views.reserve(page.size());
  for (auto& schedule : page) views.push_back(view_of(std::move(schedule)));
  return views;
}

Result<View> Schedules::find(const Name& name) const {
  auto schedule = found(name);
  if (!schedule) return no_schedule(name);
  return view_of(std::move(schedule));
}

Counts Schedules::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = counted_;
  counts.schedules = schedules_.size();
  for (const auto& [name, schedule] : schedules_) {
    if (schedule->definition.is_enabled) ++counts.enabled;
  }
  return counts;
}

Task<View> Schedules::create(Name name, Definition definition) {
  std::function<Result<View>()> work = [this, name = std::move(name),
                                        definition = std::move(definition)] {
    return change(name, definition, true, std::nullopt);
  };
  return run_boxed_on<View>(strand_, run<View>(std::move(work)));
}

Task<View> Schedules::put(Name name, Definition definition, std::optional<std::uint64_t> revision) {
  std::function<Result<View>()> work = [this, name = std::move(name), revision,
                                        definition = std::move(definition)] {
    return change(name, definition, false, revision);
  };
  return run_boxed_on<View>(strand_, run<View>(std::move(work)));
}

Task<void> Schedules::remove(Name name) {
  std::function<Result<void>()> work = [this, name = std::move(name)] { return erase(name); };
  return run_boxed_on<void>(strand_, run<void>(std::move(work)));
}

Result<void> Schedules::check_room(const Name& name) const {
  const std::lock_guard lock(mutex_);
  const auto first = schedules_.lower_bound({name.account_id, name.region, ""});
  auto last = first;
  std::size_t count = 0;
  while (last != schedules_.end() && last->first.account_id == name.account_id &&
         last->first.region == name.region) {
    ++last;
    ++count;
  }
  if (count < options_.schedules_max) return ok();
  return Error(Errc::throttled, "The account has " + std::to_string(count) +
                                    " schedules in this region, and there is room for no more");
}

Result<View> Schedules::change(const Name& name, Definition definition, bool is_new,
                               std::optional<std::uint64_t> revision) {
  const auto before = found(name);
  if (before && is_new) {
    return Error(Errc::conflict, "Schedule " + name.name + " already exists.");
  }
  if (revision && (!before || before->revision != *revision)) {
    return Error(Errc::precondition, before ? "The schedule " + name.name +
                                                  " was changed meanwhile: it is at revision " +
                                                  std::to_string(before->revision)
                                            : no_schedule(name).message());
  }
  if (!before) {
    TRY(check_room(name));
  }
  // Else who has lost a zone, or a function, could not even disable its schedule.
  if (!before || before->definition.zone.name() != definition.zone.name()) {
    TRY(calendar::Zone::find(definition.zone.name()));
  }
  if (!before || before->definition.function.arn() != definition.function.arn()) {
    TRY(parts_.catalog.resolve(definition.function));
  }
  const WallTime at = now();
  Schedule made{name,
                std::move(definition),
                before ? before->created : at,
                at,
                before ? before->revision + 1 : 1,
                {}};
  const bool is_new_time = !before || !is_same_time(before->definition, made.definition);
  if (before) made.progress = before->progress;
  if (is_new_time) {
    Progress fresh = begin_of(made.definition, at);
    made.progress.begin = fresh.begin;
    made.progress.through = fresh.through;
    made.progress.intended.reset();
  } else if (made.definition.is_enabled && !before->definition.is_enabled) {
    made.progress.through = std::max(made.progress.through, at);
  }
  if (is_new_time || before->definition.end != made.definition.end) {
    TRY(check_comes(made.definition, made.progress, at));
  }
  const std::vector<storage::Write> writes{
      {std::string(kBucket), record_key(name), encode(made)},
      {std::string(kProgressBucket), record_key(name), encode(made.progress)}};
  TRY(parts_.store.write(writes));
  auto shown = std::make_shared<const Schedule>(std::move(made));
  show(shown);
  plan(*shown);
  return view_of(shown);
}

Result<void> Schedules::erase(const Name& name) {
  if (!found(name)) return no_schedule(name);
  const std::vector<storage::Write> writes{
      {std::string(kBucket), record_key(name), std::nullopt},
      {std::string(kProgressBucket), record_key(name), std::nullopt}};
  TRY(parts_.store.write(writes));
  plan_at(name, std::nullopt);
  const std::lock_guard lock(mutex_);
  schedules_.erase(name);
  return ok();
}

model::Invocation Schedules::invocation_of(const Schedule& schedule, WallTime due,
                                           std::string request_id) {
  model::Invocation invocation;
  invocation.payload = payload_of(schedule, due, request_id);
  invocation.request_id = std::move(request_id);
  invocation.invoked_arn = schedule.definition.function.arn();
  model::TraceContext trace;
  const auto time = static_cast<std::uint32_t>(epoch_ms(now()) / 1000);
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) {
    trace.trace_id.push_back(kDigits[time >> shift & 15U]);
  }
  trace.trace_id += random_.hex(12);
  const double share = options_.trace_sample_share;
  trace.is_sampled = share > 0 && model::is_in_share(trace.trace_id, share);
  // One that is recorded begins with the call itself: it names no parent.
  if (!*trace.is_sampled) trace.parent_id = random_.hex(8);
  invocation.trace_id = model::to_xray_header(trace);
  return invocation;
}

Task<std::string> Schedules::run_now(Name name) {
  auto task = run_now_here(std::move(name));
  co_return co_await run_on<std::string>(strand_, std::move(task));
}

Task<std::string> Schedules::run_now_here(Name name) {
  const auto schedule = found(name);
  if (!schedule) co_return no_schedule(name);
  auto invocation = invocation_of(*schedule, now(), random_.uuid());
  const std::string request_id = invocation.request_id;
  CO_TRY(co_await parts_.events.accept(schedule->definition.function, std::move(invocation)));
  co_return request_id;
}

}  // namespace proa::schedule
