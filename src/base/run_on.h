// run_on: awaits a task on another executor.
#pragma once

#include "base/task.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <utility>

namespace proa {

/// The task's result in a box: what crosses executors must have a default.
template <class T>
boost::asio::awaitable<std::optional<Result<T>>> boxed(Task<T> task) {
  auto result = co_await std::move(task);
  co_return std::optional<Result<T>>(std::move(result));
}

/// Runs `task` on `executor` and comes back to the caller's. What it refers to outlives it. Errc:
/// those of the task, cancelled.
template <class T>
Task<T> run_on(boost::asio::any_io_executor executor, Task<T> task) {
  auto [failure, result] = co_await boost::asio::co_spawn(
      executor, boxed<T>(std::move(task)), boost::asio::as_tuple(boost::asio::use_awaitable));
  if (failure || !result) co_return Error(Errc::cancelled, "was given up");
  co_return std::move(*result);
}

}  // namespace proa
