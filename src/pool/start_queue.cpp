#include "pool/start_queue.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <optional>

namespace proa::pool {
namespace asio = boost::asio;

struct StartQueue::Waiter {
  Waiter(StartQueue& given, Wish wished)
      : queue(given),
        wish(std::move(wished)),
        wake(given.executor_, std::chrono::steady_clock::now() + given.options_.patience) {
    queue.waiters_.push_back(this);
  }
  ~Waiter() { queue.waiters_.remove(this); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void answer(Result<Grant> given) {
    queue.waiters_.remove(this);
    grant.emplace(std::move(given));
    wake.cancel();
  }

  StartQueue& queue;
  Wish wish;
  asio::steady_timer wake;
  std::optional<Result<Grant>> grant;
};

Task<StartQueue::Grant> StartQueue::wait(Wish wish) {
  if (is_closed_) co_return Error(Errc::unavailable, "the daemon is stopping");
  Waiter waiter(*this, std::move(wish));
  pump();
  if (!waiter.grant) {
    co_await waiter.wake.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (waiter.grant) co_return std::move(*waiter.grant);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.patience).count();
  co_return Error(Errc::throttled,
                  "ConcurrentInvocationLimitExceeded: no environment could be started within " +
                      std::to_string(seconds) + " s");
}

bool StartQueue::try_take() {
  if (is_closed_ || taken_ >= options_.turns) return false;
  const bool has_caller = std::any_of(waiters_.begin(), waiters_.end(), [](const Waiter* waiter) {
    return !waiter->wish.expects_parked;
  });
  if (has_caller) return false;
  ++taken_;
  return true;
}

void StartQueue::give_back() {
  --taken_;
  pump();
}

void StartQueue::pump() {
  while (!is_closed_ && taken_ < options_.turns) {
    const auto first = std::find_if(waiters_.begin(), waiters_.end(), [](const Waiter* waiter) {
      return !waiter->wish.expects_parked;
    });
    if (first == waiters_.end()) return;
    ++taken_;
    (*first)->answer(Grant());
  }
}

template <class Fits>
bool StartQueue::offer(MemberPtr& member, Fits fits) {
  const auto first = std::find_if(waiters_.begin(), waiters_.end(),
                                  [&](const Waiter* waiter) { return fits(waiter->wish); });
  if (first == waiters_.end()) return false;
  Grant grant;
  grant.member = std::move(member);
  (*first)->answer(std::move(grant));
  return true;
}

bool StartQueue::offer_idle(MemberPtr& member) {
  if (waiters_.empty()) return false;
  const auto* function = member->environment.function().get();
  return offer(member, [&](const Wish& wish) { return wish.function.get() == function; });
}

bool StartQueue::offer_parked(const std::string& kind, MemberPtr& member) {
  return offer(member, [&](const Wish& wish) { return wish.kind == kind; });
}

void StartQueue::disappoint(const std::string& kind) {
  const auto first = std::find_if(waiters_.begin(), waiters_.end(), [&](const Waiter* waiter) {
    return waiter->wish.expects_parked && waiter->wish.kind == kind;
  });
  if (first == waiters_.end()) return;
  (*first)->wish.expects_parked = false;
  pump();
}

std::vector<model::FunctionPtr> StartQueue::wanted() const {
  std::vector<model::FunctionPtr> functions;
  functions.reserve(waiters_.size());
  for (const Waiter* waiter : waiters_) functions.push_back(waiter->wish.function);
  return functions;
}

std::size_t StartQueue::expecting(const std::string& kind) const {
  return static_cast<std::size_t>(
      std::count_if(waiters_.begin(), waiters_.end(), [&](const Waiter* waiter) {
        return waiter->wish.expects_parked && waiter->wish.kind == kind;
      }));
}

void StartQueue::close() {
  is_closed_ = true;
  while (!waiters_.empty()) {
    waiters_.front()->answer(Error(Errc::unavailable, "the daemon is stopping"));
  }
}

}  // namespace proa::pool
