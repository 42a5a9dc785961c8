// The body of GET /metrics: what all parts of this daemon have counted.
#pragma once

#include "shard.h"
#include "storage/disk_use.h"
#include "telemetry/metrics.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace proa::apps {

/// Collects when it is asked: a copy of every shard's counts on that shard, and the event queue's.
/// What is made of them is made on the blocking pool, so that a page of a thousand functions delays
/// no call. Made by main; outlived by what it refers to.
class DaemonMetrics {
 public:
  struct Limits {
    std::uint32_t account_concurrency = 0;
    std::size_t environments = 0;
    storage::DiskUse* disk = nullptr;  ///< outlives this; null: not told
  };
  DaemonMetrics(const std::vector<std::unique_ptr<Shard>>& shards, dispatch::EventQueue& events,
                boost::asio::thread_pool& blocking, Limits limits)
      : shards_(shards), events_(events), blocking_(blocking), limits_(limits) {}

  /// Tells more; before anybody asks.
  void add(std::function<void(telemetry::MetricPage&)> more) { more_.push_back(std::move(more)); }
  /// On any executor; blocks none.
  boost::asio::awaitable<telemetry::MetricPage> collect() const;
  /// The same as Prometheus reads it.
  boost::asio::awaitable<std::string> text() const;

 private:
  struct Collected;
  boost::asio::awaitable<Collected> gather() const;
  telemetry::MetricPage page_of(const Collected& collected) const;

  const std::vector<std::unique_ptr<Shard>>& shards_;
  dispatch::EventQueue& events_;
  boost::asio::thread_pool& blocking_;
  Limits limits_;
  std::vector<std::function<void(telemetry::MetricPage&)>> more_;
};

}  // namespace proa::apps
