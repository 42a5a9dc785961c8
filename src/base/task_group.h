// TaskGroup: coroutines that run beside their owner, and the one place where they are waited for.
#pragma once

#include "base/task.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>

namespace proa {

/// Spawns background coroutines on one executor and joins them. Owned by the object whose members
/// they use; that object's close() awaits join() after it has told them to end. Nothing else in
/// Proa uses asio::detached.
class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor executor);

  /// Starts `task`; an exception that leaves it ends the process (errors are Results).
  void spawn(boost::asio::awaitable<void> task);
  /// How many run.
  std::size_t running() const;
  /// Completes when none runs. One waiter at a time.
  boost::asio::awaitable<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;  // the last task may end after the group was destroyed
};

}  // namespace proa
