// Awaiting what runs on another executor: await_on, run_on, change_on.
#pragma once

#include "base/task.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace proa {

/// Runs `work` on `executor`, of which one thread at a time runs (an io_context, a strand, or work
/// that awaits nothing), and comes back to the caller's with what it gives or throws. What it
/// refers to outlives it: the caller waits for its end also when it is cancelled, which `work` is
/// told on its own executor. T has a default.
///
/// co_spawn of Boost 1.81 does the same but for one thing: the cancellation it passes on may arrive
/// when the work has ended and its signal is gone (boostorg/asio, co_spawn_cancellation_handler).
template <class T>
boost::asio::awaitable<T> await_on(boost::asio::any_io_executor executor,
                                   boost::asio::awaitable<T> work) {
  namespace asio = boost::asio;
  const auto signal = std::make_shared<asio::cancellation_signal>();
  const auto state = co_await asio::this_coro::cancellation_state;
  auto slot = state.slot();
  if (slot.is_connected()) {
    slot.assign([signal, executor](asio::cancellation_type type) {
      asio::post(executor, [signal, type] { signal->emit(type); });
    });
  }
  auto token = asio::bind_cancellation_slot(signal->slot(), asio::use_awaitable);
  co_return co_await asio::co_spawn(executor, std::move(work), std::move(token));
}

/// The task's result in a box: what crosses executors must have a default.
template <class T>
boost::asio::awaitable<std::optional<Result<T>>> boxed(Task<T> task) {
  auto result = co_await std::move(task);
  co_return std::optional<Result<T>>(std::move(result));
}

/// await_on() for what gives a boxed result. Errc: that of the result, cancelled ("was given up").
template <class T>
Task<T> run_boxed_on(boost::asio::any_io_executor executor,
                     boost::asio::awaitable<std::optional<Result<T>>> work) {
  std::optional<Result<T>> result;
  try {
    result = co_await await_on(std::move(executor), std::move(work));
  } catch (const boost::system::system_error&) {
    // Cancelled at one of its awaits.
  }
  if (!result) co_return Error(Errc::cancelled, "was given up");
  co_return std::move(*result);
}

/// What the work gives; what it throws as an error.
template <class T>
boost::asio::awaitable<std::optional<Result<T>>> boxed_work(std::function<Result<T>()> work) {
  try {
    co_return work();
  } catch (const std::bad_alloc&) {
    co_return Result<T>(Error(Errc::exhausted, "no memory for the change"));
  } catch (const std::exception& failure) {
    co_return Result<T>(Error(Errc::internal, failure.what()));
  }
}

/// The same for a Task.
template <class T>
Task<T> run_on(boost::asio::any_io_executor executor, Task<T> task) {
  return run_boxed_on<T>(std::move(executor), boxed<T>(std::move(task)));
}

/// Runs a change that awaits nothing on the strand of what it changes, and comes back to the
/// caller's executor. Errc: that of the result; exhausted, internal (what `work` threw); cancelled.
template <class T>
Task<T> change_on(boost::asio::any_io_executor strand, std::function<Result<T>()> work) {
  return run_boxed_on<T>(std::move(strand), boxed_work<T>(std::move(work)));
}

}  // namespace proa
