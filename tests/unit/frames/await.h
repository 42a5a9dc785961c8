// Runs one coroutine to its end from an ordinary test body.
#pragma once

#include "base/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace proa::frames {

template <class T>
using Outcome = std::shared_ptr<std::optional<Result<T>>>;

template <class T>
boost::asio::awaitable<void> keep(Task<T> task, Outcome<T> outcome) {
  outcome->emplace(co_await std::move(task));
}

/// Begins `task` on `io`; the outcome is filled when it ends.
template <class T>
Outcome<T> begin(boost::asio::io_context& io, Task<T> task) {
  auto outcome = std::make_shared<std::optional<Result<T>>>();
  boost::asio::co_spawn(io, keep(std::move(task), outcome), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  return outcome;
}

/// Runs `io` until `outcome` is there; Errc::deadline after 20 s.
template <class T>
Result<T> finish(boost::asio::io_context& io, const Outcome<T>& outcome) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  io.restart();
  while (!outcome->has_value() && io.run_one_until(end) > 0) {
  }
  if (!outcome->has_value()) return Error(Errc::deadline, "the awaited thing did not happen");
  return std::move(**outcome);
}

template <class T>
Result<T> await(boost::asio::io_context& io, Task<T> task) {
  return finish<T>(io, begin(io, std::move(task)));
}

}  // namespace proa::frames
