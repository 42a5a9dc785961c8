// What the queue tells of itself: dead letters and counts.
#include "base/run_on.h"
#include "dispatch/async_queue.h"

#include <algorithm>
#include <utility>

namespace proa::dispatch {
namespace {

std::string prefix_of(const model::Scope& scope) {
  return scope.account_id + "/" + scope.region + "/";
}

/// One whose stored form cannot be read is shown all the same, so that it can be removed.
DeadLetter letter_of(storage::DeadLetter stored) {
  DeadLetter letter;
  letter.id = stored.id;
  letter.died = stored.died;
  letter.size = stored.size;
  auto event = decode_event(stored.head, std::move(stored.body));
  if (!event) {
    letter.function_arn = stored.group;
    letter.condition = "Corrupt";
    letter.reason = event.error().message();
    return letter;
  }
  Event& known = event.value();
  letter.function_arn = known.function.arn();
  letter.request_id = std::move(known.invocation.request_id);
  letter.condition = std::move(known.condition);
  letter.reason = std::move(known.reason);
  letter.attempts = known.attempts;
  letter.accepted = known.accepted;
  letter.function_error = std::move(known.last.function_error);
  letter.response = std::move(known.last.response);
  letter.payload = std::move(known.invocation.payload);
  return letter;
}

}  // namespace

Task<std::vector<DeadLetter>> AsyncQueue::dead_letters(Selection selection) {
  auto task = dead_letters_here(std::move(selection));
  co_return co_await run_on<std::vector<DeadLetter>>(parts_.executor, std::move(task));
}

Task<std::vector<DeadLetter>> AsyncQueue::dead_letters_here(Selection selection) {
  CO_TRY(check_store());
  std::string prefix = prefix_of(selection.scope);
  if (!selection.function.empty()) prefix.append(selection.function).append("/");
  CO_TRY(auto stored, store_.value()->dead_letters(prefix, selection.after, selection.max));
  std::vector<DeadLetter> letters;
  letters.reserve(stored.size());
  for (auto& each : stored) letters.push_back(letter_of(std::move(each)));
  co_return letters;
}

Result<storage::DeadLetter> AsyncQueue::find_letter(const model::Scope& scope, std::uint64_t id) {
  TRY(check_store());
  TRY(auto stored, store_.value()->dead_letter(id));
  if (stored.group.starts_with(prefix_of(scope))) return stored;
  return Error(Errc::not_found, "There is no dead letter " + std::to_string(id) + ".");
}

Task<DeadLetter> AsyncQueue::dead_letter(model::Scope scope, std::uint64_t id) {
  auto task = dead_letter_here(std::move(scope), id);
  co_return co_await run_on<DeadLetter>(parts_.executor, std::move(task));
}

Task<DeadLetter> AsyncQueue::dead_letter_here(model::Scope scope, std::uint64_t id) {
  CO_TRY(auto stored, find_letter(scope, id));
  co_return letter_of(std::move(stored));
}

Task<void> AsyncQueue::rerun(model::Scope scope, std::uint64_t id) {
  auto task = rerun_here(std::move(scope), id);
  co_return co_await run_on<void>(parts_.executor, std::move(task));
}

Task<void> AsyncQueue::rerun_here(model::Scope scope, std::uint64_t id) {
  CO_TRY(const auto stored, find_letter(scope, id));
  auto event = decode_event(stored.head, std::string());
  if (!event) co_return event.error();
  Event& again = event.value();
  // Its age, attempts and hops begin anew.
  again.accepted = parts_.clock.wall_now();
  again.attempts = 0;
  again.hops = 0;
  again.last = LastAttempt();
  again.condition.clear();
  again.reason.clear();
  CO_TRY(store_.value()->revive(id, encode_head(again), again.accepted));
  Group& group = group_of(again.group());
  group.next_due = group.waiting == 0 ? again.accepted : std::min(group.next_due, again.accepted);
  ++group.waiting;
  pump_again(group);
  co_return ok();
}

Task<void> AsyncQueue::forget(model::Scope scope, std::uint64_t id) {
  auto task = forget_here(std::move(scope), id);
  co_return co_await run_on<void>(parts_.executor, std::move(task));
}

Task<void> AsyncQueue::forget_here(model::Scope scope, std::uint64_t id) {
  CO_TRY(find_letter(scope, id));
  co_return store_.value()->remove_dead_letter(id);
}

Task<EventCounts> AsyncQueue::counts() {
  auto task = counts_here();
  co_return co_await run_on<EventCounts>(parts_.executor, std::move(task));
}

Task<EventCounts> AsyncQueue::counts_here() {
  CO_TRY(check_store());
  const storage::WorkCounts stored = store_.value()->counts();
  EventCounts counts = totals_;
  counts.running = running_;
  counts.waiting = stored.waiting + coming_.size();  // those on their way into the store, too
  counts.dead_letters = stored.dead_letters;
  counts.dead_letter_bytes = stored.dead_letter_bytes;
  CO_TRY(counts.delay, longest_delay());
  co_return counts;
}

// A group's next_due may be earlier than what waits in it really is due: the store is asked, but
// only for groups that could be the ones that wait longest.
Result<std::chrono::milliseconds> AsyncQueue::longest_delay() {
  using std::chrono::milliseconds;
  const WallTime now = parts_.clock.wall_now();
  std::vector<std::pair<WallTime, Group*>> overdue;
  for (const auto& [name, group] : groups_) {
    if (group->waiting > 0 && group->next_due < now) {
      overdue.emplace_back(group->next_due, group.get());
    }
  }
  std::sort(overdue.begin(), overdue.end());
  WallTime first = now;
  for (const auto& [due_at_least, group] : overdue) {
    if (due_at_least >= first) break;
    TRY(const auto due, store_.value()->next_due(group->name));
    if (due) first = std::min(first, *due);
  }
  return std::chrono::duration_cast<milliseconds>(now - first);
}

}  // namespace proa::dispatch
