// What runs on this daemon now: the body of GET /proa/v1/environments.
#pragma once

#include "model/live.h"
#include "pool/pool.h"
#include "shard.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <vector>

namespace proa::apps {

/// Asks when it is asked: every shard for what it knows by itself, on that shard; what environments
/// use is read from the kernel on the blocking pool, of those that are told alone. Made by main;
/// outlived by what it refers to.
class Live {
 public:
  Live(const std::vector<std::unique_ptr<Shard>>& shards, const pool::Budget& budget,
       boost::asio::thread_pool& blocking, Clock& clock, std::uint32_t account_concurrency)
      : shards_(shards),
        budget_(budget),
        blocking_(blocking),
        clock_(clock),
        account_concurrency_(account_concurrency),
        began_(clock.wall_now()) {}

  /// On any executor; blocks none.
  boost::asio::awaitable<model::LiveView> collect(model::LiveQuery query) const;

 private:
  struct Gathered;
  boost::asio::awaitable<Gathered> gather(const model::LiveQuery& query) const;
  model::LiveView view_of(Gathered gathered) const;

  const std::vector<std::unique_ptr<Shard>>& shards_;
  const pool::Budget& budget_;
  boost::asio::thread_pool& blocking_;
  Clock& clock_;
  std::uint32_t account_concurrency_;
  WallTime began_;
};

}  // namespace proa::apps
