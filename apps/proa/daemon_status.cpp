#include "daemon_status.h"

#include "base/run_on.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/parse.hpp>

namespace proa::apps {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

json::value describe(const Result<dispatch::EventCounts>& counts) {
  json::object out;
  if (!counts) {
    out["unavailable"] = counts.error().message();
    return out;
  }
  const dispatch::EventCounts& now = counts.value();
  out["waiting"] = now.waiting;
  out["running"] = now.running;
  out["dead_letters"] = now.dead_letters;
  out["dead_letter_bytes"] = now.dead_letter_bytes;
  out["accepted"] = now.accepted;
  out["succeeded"] = now.succeeded;
  out["failed"] = now.failed;
  out["retried"] = now.retried;
  return out;
}

json::value describe(const Result<logs::LogCounts>& counts) {
  json::object out;
  if (!counts) {
    out["unavailable"] = counts.error().message();
    return out;
  }
  const logs::LogCounts& now = counts.value();
  out["groups"] = now.groups;
  out["stored_bytes"] = now.stored.count();
  out["usage_stored_bytes"] = now.usage_stored.count();
  out["written_entries"] = now.written_events;
  out["dropped_entries"] = now.dropped_events;
  if (!now.problem.empty()) out["problem"] = now.problem;
  return out;
}

json::object describe_disk(storage::DiskUse& disk) {
  json::object out;
  const auto report = disk.report();
  if (!report) {
    out["unavailable"] = report.error().message();
    return out;
  }
  out["free_bytes"] = report.value().free.count();
  out["total_bytes"] = report.value().total.count();
  if (const auto room = disk.check_room(); !room) out["problem"] = room.error().message();
  json::object kinds;
  for (const auto& [kind, bytes] : report.value().kinds) kinds[kind] = bytes.count();
  out["bytes"] = std::move(kinds);
  return out;
}

asio::awaitable<json::object> count_disk(storage::DiskUse& disk) { co_return describe_disk(disk); }

}  // namespace

asio::awaitable<json::object> DaemonStatus::collect() const {
  auto out = co_await collect_quick();
  auto counting = count_disk(disk_);
  out["disk"] = co_await await_on(blocking_.get_executor(), std::move(counting));
  co_return out;
}

asio::awaitable<json::object> DaemonStatus::collect_quick() const {
  json::object out = fixed_;
  pool::PoolCounts sum;
  for (const auto& shard : shards_) {
    const pool::PoolCounts counts = co_await await_on(shard->executor(), shard->count());
    sum += counts;
  }
  json::object environments;
  environments["idle"] = sum.idle;
  environments["frozen"] = sum.frozen;
  environments["running"] = sum.leased;
  environments["parked"] = sum.parked;
  environments["starting"] = sum.starting;
  environments["waiting"] = sum.waiting;
  out["environments"] = std::move(environments);
  const auto events = co_await events_.counts();
  out["events"] = describe(events);
  const auto logs = co_await logs_.counts();
  out["logs"] = describe(logs);
  for (const auto& [name, more] : more_) out[name] = more();
  Shard& first = *shards_.front();
  const std::string text = co_await await_on(first.executor(), first.host_status());
  boost::system::error_code failed;
  auto host = json::parse(json::string_view(text), failed);
  out["host"] = failed ? json::value("the launcher does not answer") : std::move(host);
  co_return out;
}

json::object DaemonStatus::wait() const {
  return asio::co_spawn(shards_.front()->executor(), collect_quick(), asio::use_future).get();
}

}  // namespace proa::apps
