// StartQueue: calls that wait for an environment, and how many are started at the same time.
#pragma once

#include "base/task.h"
#include "base/units.h"
#include "pool/member.h"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <list>
#include <string>
#include <vector>

namespace proa::pool {

/// Starting an interpreter is 50 to 100 ms of work: a hundred at once on two cores would all take
/// seconds and some would time out. So few start at a time, the rest wait in the order they came,
/// and whoever waits takes what comes first: its turn, an environment of its function that a call
/// has given back, or a parked one of its kind. Owned by a Pool, on its executor.
class StartQueue {
 public:
  /// What ended a wait: an environment, or (none) a turn to start one.
  struct Grant {
    MemberPtr member;
  };
  struct Options {
    std::size_t turns = 2;
    std::chrono::steady_clock::duration patience = std::chrono::seconds(60);
  };
  /// What a waiting call takes beside its turn.
  struct Wish {
    model::FunctionPtr function;
    std::string kind;             ///< of parked environments; empty: none
    bool expects_parked = false;  ///< one is being started for it: no turn unless that fails
  };

  StartQueue(boost::asio::any_io_executor executor, Options options)
      : executor_(std::move(executor)), options_(options) {}

  /// Waits. A grant without a member is a turn: give_back() when the start is over. Errc: throttled
  /// (Lambda's Reason, and for how long it waited), unavailable (closed).
  Task<Grant> wait(Wish wish);
  /// A turn at once, for work that nobody waits for; false when there is none, or a call waits.
  bool try_take();
  void give_back();

  /// Gives `member` to the first call that waits for an environment of its function; false: nobody
  /// does, and it is still the caller's.
  bool offer_idle(MemberPtr& member);
  /// The same for a call that waits for the kind.
  bool offer_parked(const std::string& kind, MemberPtr& member);
  /// The parked environment that a call expects will not come.
  void disappoint(const std::string& kind);

  std::size_t waiting() const { return waiters_.size(); }
  /// What they wait for.
  std::vector<model::FunctionPtr> wanted() const;
  /// Calls that expect a parked environment of the kind.
  std::size_t expecting(const std::string& kind) const;
  /// Ends every wait.
  void close();

 private:
  struct Waiter;
  void pump();
  template <class Fits>
  bool offer(MemberPtr& member, Fits fits);

  boost::asio::any_io_executor executor_;
  Options options_;
  std::size_t taken_ = 0;
  bool is_closed_ = false;
  std::list<Waiter*> waiters_;  // each lies in its coroutine's frame
};

}  // namespace proa::pool
