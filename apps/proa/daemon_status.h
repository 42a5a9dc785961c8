// The body of GET /proa/v1/status: what this daemon is, has and enforces.
#pragma once

#include "shard.h"
#include "storage/disk_use.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace proa::apps {

/// Asks when it is asked: the counts of every shard on that shard, the event queue, the logs, and
/// the launcher's pool role for limits, control groups and network. Made by main; outlived by what
/// it refers to.
class DaemonStatus {
 public:
  /// `fixed` is what does not change while the daemon runs.
  DaemonStatus(const std::vector<std::unique_ptr<Shard>>& shards, dispatch::EventQueue& events,
               logs::LogStore& logs, storage::DiskUse& disk, boost::asio::thread_pool& blocking,
               boost::json::object fixed)
      : shards_(shards),
        events_(events),
        logs_(logs),
        disk_(disk),
        blocking_(blocking),
        fixed_(std::move(fixed)) {}

  /// Tells more, under a name of its own; before anybody asks. Any thread calls it.
  void add(std::string name, std::function<boost::json::object()> more) {
    more_.emplace_back(std::move(name), std::move(more));
  }
  /// On any executor of a shard; blocks none.
  boost::asio::awaitable<boost::json::object> collect() const;
  /// The same without the disk, whose files take time to count, for a thread that is no shard's:
  /// blocks it.
  boost::json::object wait() const;

 private:
  boost::asio::awaitable<boost::json::object> collect_quick() const;

  const std::vector<std::unique_ptr<Shard>>& shards_;
  dispatch::EventQueue& events_;
  logs::LogStore& logs_;
  storage::DiskUse& disk_;
  boost::asio::thread_pool& blocking_;
  boost::json::object fixed_;
  std::vector<std::pair<std::string, std::function<boost::json::object()>>> more_;
};

}  // namespace proa::apps
