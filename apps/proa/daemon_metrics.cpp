#include "daemon_metrics.h"

#include "api/metrics.h"
#include "base/run_on.h"
#include "dispatch/metrics.h"
#include "pool/metrics.h"

#include <optional>

namespace proa::apps {
namespace asio = boost::asio;
using telemetry::Metric;
using telemetry::MetricPage;
using telemetry::MetricType;

namespace {

constexpr Metric kBuild{"proa_build_info", MetricType::gauge, "Always 1; says what runs."};
constexpr Metric kShards{"proa_shards", MetricType::gauge, "Threads that serve calls (--shards)."};
constexpr Metric kLauncherRestarts{"proa_launcher_restarts_total", MetricType::counter,
                                   "Times that the launcher's roles were lost and started again; "
                                   "their environments ended."};

constexpr Metric kDiskFree{"proa_disk_free_bytes", MetricType::gauge,
                           "What is free on the data folder's file system."};
constexpr Metric kDisk{"proa_disk_bytes", MetricType::gauge,
                       "What a part of the data folder takes, as it was within five minutes."};

void describe(storage::DiskUse& disk, MetricPage& page) {
  const auto report = disk.report();
  if (!report) return;  // no value is what Prometheus understands
  page.add(kDiskFree, static_cast<double>(report.value().free.count()));
  for (const auto& [kind, bytes] : report.value().kinds) {
    page.add(kDisk, static_cast<double>(bytes.count()), {{"kind", kind}});
  }
}

}  // namespace

struct DaemonMetrics::Collected {
  pool::PoolCounts pool;
  std::vector<dispatch::CallCounts> calls;
  http::ServerTotals http;
  api::ApiCounts api;
  std::uint64_t launcher_restarts = 0;
  std::optional<Result<dispatch::EventCounts>> events;
};

asio::awaitable<DaemonMetrics::Collected> DaemonMetrics::gather() const {
  Collected all;
  for (const auto& shard : shards_) {
    ShardCounts one = co_await await_on(shard->executor(), shard->collect());
    all.pool += one.pool;
    all.calls.push_back(std::move(one.calls));
    all.http += one.http;
    all.api += one.api;
    all.launcher_restarts = std::max(all.launcher_restarts, one.launcher_restarts);
  }
  all.events.emplace(co_await events_.counts());
  co_return all;
}

MetricPage DaemonMetrics::page_of(const Collected& collected) const {
  MetricPage page;
  page.add(kBuild, 1, {{"version", PROA_VERSION}});
  page.add(kShards, static_cast<double>(shards_.size()));
  page.add(kLauncherRestarts, static_cast<double>(collected.launcher_restarts));
  dispatch::describe(collected.calls, limits_.account_concurrency, page);
  dispatch::describe(*collected.events, page);
  pool::describe(collected.pool, limits_.environments, page);
  http::describe(collected.http, page);
  api::describe(collected.api, page);
  for (const auto& more : more_) more(page);
  if (limits_.disk != nullptr) describe(*limits_.disk, page);
  telemetry::describe_process(page);
  return page;
}

asio::awaitable<MetricPage> DaemonMetrics::collect() const {
  const Collected collected = co_await gather();
  const auto make = [](const DaemonMetrics& me,
                       const Collected& from) -> asio::awaitable<MetricPage> {
    co_return me.page_of(from);
  };
  auto work = make(*this, collected);
  co_return co_await await_on(blocking_.get_executor(), std::move(work));
}

asio::awaitable<std::string> DaemonMetrics::text() const {
  const Collected collected = co_await gather();
  const auto make = [](const DaemonMetrics& me,
                       const Collected& from) -> asio::awaitable<std::string> {
    co_return telemetry::metrics_text(me.page_of(from));
  };
  auto work = make(*this, collected);
  co_return co_await await_on(blocking_.get_executor(), std::move(work));
}

}  // namespace proa::apps
