// Task<T>: an asynchronous operation on an Asio executor that ends in a Result<T>.
//
// Rules (docs/architecture.md, "Async"): an object belongs to one executor; crossing over is
// co_spawn on the owner's executor. With GCC 12 no braced aggregate, no capturing lambda and no
// braced list of strings may stand inside a co_await expression: name it first and move it
// (tools/tidy.py rejects the three patterns).
#pragma once

#include "base/result.h"

#include <boost/asio/awaitable.hpp>

namespace proa {

/// A coroutine's return type: co_await gives a Result<T>.
template <class T>
using Task = boost::asio::awaitable<Result<T>>;

}  // namespace proa
