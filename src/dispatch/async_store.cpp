// AsyncQueue and its store: events that are accepted, and ends of events, in one commit each batch.
// While one commit waits for the disk the next batch gathers, so that a thousand events a second
// cost a few hundred syncs.
#include "base/run_on.h"
#include "dispatch/async_queue.h"

#include <utility>

namespace proa::dispatch {
Task<void> AsyncQueue::accept(model::FunctionRef ref, model::Invocation invocation) {
  CO_TRY(parts_.catalog.resolve(ref));
  Event event;
  event.accepted = parts_.clock.wall_now();
  event.function = std::move(ref);
  event.invocation = std::move(invocation);
  auto task = accept_here(std::move(event));
  co_return co_await run_on<void>(parts_.executor, std::move(task));
}

Task<void> AsyncQueue::accept_here(Event event) {
  if (is_closing_) co_return Error(Errc::unavailable, "the daemon is stopping");
  CO_TRY(check_store());
  CO_TRY(check_disk(event));
  if (!batch_) batch_ = std::make_shared<Batch>(parts_.executor);
  const auto batch = batch_;
  batch->events.push_back(std::move(event));
  plan_flush();
  CO_TRY(const auto failed, co_await batch->stored.wait(SteadyTime::max(), "event"));
  if (failed) co_return *failed;
  co_return ok();
}

void AsyncQueue::plan_flush() {
  if (is_flush_planned_) return;
  is_flush_planned_ = true;
  later([this] { flush(); });
}

void AsyncQueue::flush() {
  is_flush_planned_ = false;
  const auto batch = std::exchange(batch_, nullptr);
  if (!store_ || (!batch && changes_.is_empty())) return;
  using Durability = storage::WorkQueue::Durability;
  storage::WorkQueue& store = *store_.value();
  if (batch) add_events(*batch);
  auto stored = store.apply(changes_, batch ? Durability::on_disk : Durability::in_file);
  if (!stored && batch) {
    // Perhaps there is no room for what is new; the ends of events need hardly any.
    drop_events(*batch);
    batch->stored.set(std::make_shared<const Error>(stored.error()));
    if (changes_.is_empty()) return;
    stored = store.apply(changes_, Durability::in_file);
  }
  if (!stored) return store_later(stored.error());
  if (std::exchange(is_store_failing_, false)) parts_.log.info("events_stored_again");
  if (batch && !batch->stored.is_set()) {
    totals_.accepted += batch->events.size();
    for (auto& [run, push] : batch->runs) run->id = changes_.pushed[push].item.id;
    batch->stored.set(nullptr);
    for (auto& [run, push] : batch->runs) begin(run);
  }
  note_stored();
}

void AsyncQueue::add_events(Batch& batch) {
  const WallTime now = parts_.clock.wall_now();
  batch.owed = changes_.pushed.size();
  batch.owed_coming = coming_.size();
  for (Event& event : batch.events) {
    Group& group = group_of(event.group());
    storage::WorkChanges::Push push;
    push.item.group = group.name;
    push.item.head = encode_head(event);
    push.item.due = event.accepted;
    // One whose turn it is at once need not be read again.
    push.is_taken = !workers_.empty() && !is_closing_ && group.waiting == 0 &&
                    group.blocked_until <= now && room_of(group) > 0;
    if (push.is_taken) {
      push.item.body = event.invocation.payload;
      const EventRules rules = rules_of(event);
      batch.runs.emplace_back(make_run(group, std::move(event), rules), changes_.pushed.size());
    } else {
      push.item.body = std::move(event.invocation.payload);
      coming_.push_back({&group, push.item.due});
    }
    changes_.pushed.push_back(std::move(push));
  }
}

void AsyncQueue::drop_events(const Batch& batch) {
  changes_.pushed.resize(batch.owed);
  coming_.resize(batch.owed_coming);
  for (const auto& [run, push] : batch.runs) {
    --run->group->running;
    --running_;
  }
}

void AsyncQueue::note_stored() {
  changes_ = storage::WorkChanges();
  for (const Coming& coming : std::exchange(coming_, {})) {
    Group& group = *coming.group;
    group.next_due = group.waiting == 0 ? coming.due : std::min(group.next_due, coming.due);
    if (++group.waiting == 1 || group.next_due == coming.due) pump_again(group);
  }
}

void AsyncQueue::store_later(const Error& error) {
  if (!std::exchange(is_store_failing_, true)) {
    parts_.log.error("events_not_stored", {{"reason", error.message()}});
  }
  if (is_closing_) return;  // close_here() tries once more
  retry_timer_.expires_after(std::chrono::seconds(1));
  retry_timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped) flush();
  });
}

}  // namespace proa::dispatch
