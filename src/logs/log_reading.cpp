// Reading: what there is, on the keeper's thread; what stands in it, on the reading one.
#include "base/run_on.h"
#include "logs/log_keeper.h"
#include "logs/log_scan.h"
#include "logs/usage_log.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

namespace proa::logs {
namespace asio = boost::asio;

Task<LogPage> LogKeeper::read(LogQuery query) {
  auto listing = views_of(query.group);
  CO_TRY(auto views, co_await run_on(writing_.get_executor(), std::move(listing)));
  auto reading = read_views(std::move(views), std::move(query));
  co_return co_await run_on(reading_.get_executor(), std::move(reading));
}

Task<LogKeeper::Views> LogKeeper::views_of(GroupKey group) {
  const Group* found = groups_.find(group);
  if (found == nullptr) {
    co_return Error(Errc::not_found, "The specified log group does not exist.");
  }
  co_return found->log.segments();
}

Task<LogPage> LogKeeper::read_views(Views views, LogQuery query) {
  std::vector<Damage> damage;
  auto page = scan(views, query, damage);
  note_damage(damage);
  co_return page;
}

Task<std::vector<StreamSummary>> LogKeeper::streams(GroupKey group) {
  auto listing = views_of(std::move(group));
  CO_TRY(auto views, co_await run_on(writing_.get_executor(), std::move(listing)));
  auto reading = read_streams(std::move(views));
  co_return co_await run_on(reading_.get_executor(), std::move(reading));
}

Task<std::vector<StreamSummary>> LogKeeper::read_streams(Views views) {
  std::vector<Damage> damage;
  auto found = scan_streams(views, damage);
  note_damage(damage);
  co_return found;
}

Task<UsagePage> LogKeeper::usage(UsageQuery query) {
  CO_TRY(auto views, co_await run_on(writing_.get_executor(), usage_views()));
  auto reading = read_usage(std::move(views), std::move(query));
  co_return co_await run_on(reading_.get_executor(), std::move(reading));
}

Task<LogKeeper::Views> LogKeeper::usage_views() { co_return usage_->segments(); }

Task<UsagePage> LogKeeper::read_usage(Views views, UsageQuery query) {
  std::vector<Damage> damage;
  auto page = scan_usage(views, query, damage);
  note_damage(damage);
  co_return page;
}

// Each file once: every reader comes upon it.
void LogKeeper::note_damage(const std::vector<Damage>& damage) {
  for (const Damage& one : damage) {
    if (told_damage_.insert(one.file).second) log_.warn("segment_damaged", {{"what", one.what}});
  }
}

Task<bool> LogKeeper::wait(GroupKey group, std::optional<LogPosition> after, SteadyTime deadline) {
  auto waiting = wait_here(std::move(group), after, deadline);
  co_return co_await run_on(writing_.get_executor(), std::move(waiting));
}

Task<bool> LogKeeper::wait_here(GroupKey group, std::optional<LogPosition> after,
                                SteadyTime deadline) {
  for (;;) {
    const Group* found = groups_.find(group);
    // A log of which everything was removed has nothing for those who have not seen it.
    const bool is_empty = found == nullptr || found->log.segments().empty();
    const LogPosition end = is_empty ? LogPosition() : found->end;
    if (!after) after = end;
    if (end > *after) co_return true;
    if (has_ended_waits_ || clock_.steady_now() >= deadline) co_return false;
    const auto here =
        waiters_.insert(waiters_.end(), {group, asio::steady_timer(writing_, deadline)});
    boost::system::error_code woken;
    co_await here->timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    waiters_.erase(here);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      co_return Error(Errc::cancelled, "was given up");
    }
  }
}

Task<std::vector<GroupSummary>> LogKeeper::groups(std::string account_id, std::string region,
                                                  std::string prefix) {
  auto listing = groups_here(std::move(account_id), std::move(region), std::move(prefix));
  co_return co_await run_on(writing_.get_executor(), std::move(listing));
}

Task<std::vector<GroupSummary>> LogKeeper::groups_here(std::string account_id, std::string region,
                                                       std::string prefix) {
  std::vector<GroupSummary> out;
  const auto& all = groups_.all();
  const GroupKey first{account_id, region, prefix};
  for (auto group = all.lower_bound(first); group != all.end(); ++group) {
    const GroupKey& key = group->first;
    if (key.account_id != account_id || key.region != region) break;
    if (!key.name.starts_with(prefix)) break;
    out.push_back({key.name, group->second.created, group->second.log.size()});
  }
  co_return out;
}

std::map<GroupKey, LogPosition> LogKeeper::ends() const {
  std::map<GroupKey, LogPosition> out;
  for (const auto& [key, group] : groups_.all()) out.emplace(key, group.end);
  return out;
}

Task<std::vector<GroupKey>> LogKeeper::changed_groups() {
  co_return co_await run_on(writing_.get_executor(), changed_here());
}

Task<std::vector<GroupKey>> LogKeeper::changed_here() {
  if (!is_closing_) write_all();
  std::vector<GroupKey> out;
  if (changed_) {
    out.assign(changed_->begin(), changed_->end());
  } else {
    for (const auto& [key, group] : groups_.all()) out.push_back(key);
  }
  changed_.emplace();
  co_return out;
}

Task<LogCounts> LogKeeper::counts() {
  co_return co_await run_on(writing_.get_executor(), counts_here());
}

Task<LogCounts> LogKeeper::counts_here() {
  LogCounts out = counts_;
  out.groups = groups_.all().size();
  out.stored = groups_.stored();
  out.usage_stored = usage_->size();
  for (const auto& shard : shards_) out.dropped_events += shard->dropped();
  co_return out;
}

}  // namespace proa::logs
