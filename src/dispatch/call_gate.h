// CallGate: lets few calls of a short function run at the same moment on one shard.
#pragma once

#include "base/units.h"
#include "model/invocation.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace proa::dispatch {

/// The order of calls of one function version on one shard. Where calls take microseconds, waiting
/// for an environment that is about to be free costs less than waking one more process: 64 clients
/// are served by two warm interpreters a core and not by 32 that push each other out of the caches
/// (docs/architecture.md, "The warm path"). So a call waits for its turn while kAtOnce others run
/// that began a moment ago, 5 ms at most. Functions that are not short never wait: whether one is,
/// is measured by calls that had no more than kAtOnce - 1 beside them; when there were none lately
/// it is tried. Owned by its ShardDispatcher, shared with the turns taken; runs on the shard's
/// executor.
class CallGate : public std::enable_shared_from_this<CallGate> {
 public:
  /// The right to run one call; its destructor lets the next one go.
  class Turn {
   public:
    /// Begins now.
    Turn(std::shared_ptr<CallGate> gate, SteadyTime now);
    Turn(Turn&&) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn();
    /// Learns from how the call went. Call it once, at the end.
    void note(const model::InvocationResult& result, SteadyTime now);

   private:
    std::shared_ptr<CallGate> gate_;
    SteadyTime begin_;
    bool is_beside_few_;
  };

  /// Calls of a short function that run at the same moment.
  static constexpr std::size_t kAtOnce = 2;
  static constexpr std::chrono::milliseconds kPatience{5};

  explicit CallGate(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  /// A turn, if there is one at once.
  std::optional<Turn> try_enter(SteadyTime now);
  /// Waits for a turn. Cancelled: throws, as every await of Asio.
  boost::asio::awaitable<Turn> wait();
  std::size_t waiting() const { return waiters_.size(); }

 private:
  struct Waiter {
    explicit Waiter(CallGate& of) : gate(of), wake(of.executor_) {}
    ~Waiter();
    CallGate& gate;
    boost::asio::steady_timer wake;  // fires when patience ends; cancelled to let it go
    bool may_go = false;
  };

  bool holds_back(SteadyTime now);
  /// Calls that run and began so short a time ago that they may end in a moment.
  std::size_t fresh(SteadyTime now) const;
  void leave(SteadyTime begin);
  void let_go(std::size_t count);
  void open(SteadyTime now);

  boost::asio::any_io_executor executor_;
  std::vector<SteadyTime> running_;  ///< when each began, in that order
  std::size_t promised_ = 0;         ///< waiting calls that were told to go and have not begun
  SteadyTime last_now_;
  std::deque<Waiter*> waiters_;  // each lies in its coroutine's frame
  bool has_been_warm_ = false;   ///< until then calls start environments: nothing is short
  std::optional<std::chrono::microseconds> usual_;  ///< length of calls beside few, smoothed
  SteadyTime usual_at_;
  SteadyTime open_until_;  ///< a trial failed: everybody goes at once until then
  std::chrono::milliseconds backoff_{0};
};

}  // namespace proa::dispatch
