// Pending<T>: a value that one side sets and coroutines of the same executor wait for.
#pragma once

#include "base/task.h"
#include "base/units.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proa {

/// One value, set once (later ones are ignored) or reset for another round. Belongs to one
/// executor; set() and wait() are called there, by any number of waiters. Must outlive them: owners
/// keep it in the state that the waiting coroutine shares, or join the waiters first.
template <class T>
class Pending {
 public:
  explicit Pending(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  bool is_set() const { return value_.has_value(); }
  /// Only when is_set().
  const T& value() const { return *value_; }
  /// Gives the value to everyone who waits and who will.
  void set(T value) {
    if (value_) return;
    value_ = std::move(value);
    for (Waiter* waiter : waiters_) {
      waiter->answer = value_;
      waiter->wake.cancel();
    }
    waiters_.clear();
  }
  /// Forgets the value for another round; who was woken with it keeps it.
  void reset() { value_.reset(); }

  /// The value as soon as there is one. Errc: deadline ("what: no answer in time").
  Task<T> wait(SteadyTime deadline, std::string what) {
    if (value_) co_return *value_;
    Waiter waiter(executor_, deadline);
    waiters_.push_back(&waiter);
    co_await waiter.wake.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (waiter.answer) co_return std::move(*waiter.answer);
    std::erase(waiters_, &waiter);
    co_return Error(Errc::deadline, what + ": no answer in time");
  }

 private:
  struct Waiter {
    Waiter(const boost::asio::any_io_executor& executor, SteadyTime deadline)
        : wake(executor, deadline) {}
    boost::asio::steady_timer wake;  // fires at the deadline; cancelled by set()
    std::optional<T> answer;
  };

  boost::asio::any_io_executor executor_;
  std::optional<T> value_;
  std::vector<Waiter*> waiters_;  // each lies in its coroutine's frame
};

}  // namespace proa
