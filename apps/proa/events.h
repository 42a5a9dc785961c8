// The daemon's event queue: its thread, its file, and the shards that run what waits in it.
#pragma once

#include "dispatch/async_queue.h"
#include "pool/pool.h"
#include "serve_options.h"
#include "shard.h"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <vector>

namespace proa::apps {

/// Constructed before the shards, which accept events; started when they run; stopped while they
/// still do. Main thread.
class Events {
 public:
  Events(const ServeOptions& options, catalog::Catalog& catalog, Clock& clock,
         const telemetry::Logger& log, pool::Budget& budget, pool::IdleBoard& idle_board);
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  dispatch::AsyncQueue& queue() { return *queue_; }
  /// Begins to run what waits. A queue that cannot be used is logged: the rest of the daemon
  /// serves.
  void start(const std::vector<std::unique_ptr<Shard>>& shards);
  /// What runs gets until `deadline`; blocks.
  void stop(SteadyTime deadline);

 private:
  boost::asio::thread_pool thread_{1};
  telemetry::Logger log_;
  std::unique_ptr<dispatch::AsyncQueue> queue_;
};

}  // namespace proa::apps
