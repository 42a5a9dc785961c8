// Turns: so many of something at a time, the others in the order they came.
#pragma once

#include "base/pending.h"
#include "base/task.h"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace proa {

/// On one executor. Outlives the turns that it gives.
class Turns {
 public:
  /// It is over when this goes.
  using Turn = std::shared_ptr<void>;

  Turns(boost::asio::any_io_executor executor, std::size_t most)
      : executor_(std::move(executor)), most_(most) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  /// Waits for one. Errc: deadline (the waiting coroutine was cancelled).
  Task<Turn> take() {
    const auto waiter = std::make_shared<Waiter>(*this);
    waiting_.push_back(waiter);
    pump();
    auto granted = co_await waiter->granted.wait(SteadyTime::max(), "turn");
    if (!granted) co_return granted.error();
    co_return Turn(waiter);
  }

 private:
  struct Waiter {
    explicit Waiter(Turns& all) : turns(all), granted(all.executor_) {}
    ~Waiter() {
      if (granted.is_set()) turns.give_back();
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    Turns& turns;
    Pending<bool> granted;
  };

  void give_back() {
    --taken_;
    pump();
  }
  void pump() {
    while (taken_ < most_ && !waiting_.empty()) {
      const auto next = waiting_.front().lock();  // none: it was given up
      waiting_.pop_front();
      if (!next) continue;
      ++taken_;
      next->granted.set(true);
    }
  }

  boost::asio::any_io_executor executor_;
  std::size_t most_;
  std::size_t taken_ = 0;
  std::deque<std::weak_ptr<Waiter>> waiting_;
};

}  // namespace proa
