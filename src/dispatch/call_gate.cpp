#include "dispatch/call_gate.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace proa::dispatch {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// What is counted of a call that took longer. Quick calls weigh more, because a busy machine makes
/// some of a short function's calls long, and none of a long one's short.
constexpr microseconds kCounted{600};
/// How long a measurement of calls that are not short stands for the next ones.
constexpr milliseconds kRemembered{1'000};
constexpr milliseconds kBackoffMin{5};
constexpr milliseconds kBackoffMax{10'000};

}  // namespace

CallGate::Turn::Turn(std::shared_ptr<CallGate> gate, SteadyTime now)
    : gate_(std::move(gate)), begin_(now) {
  gate_->running_.push_back(now);
  gate_->last_now_ = now;
  is_beside_few_ = gate_->running_.size() <= kAtOnce;
}

CallGate::Turn::~Turn() {
  if (gate_) gate_->leave(begin_);
}

void CallGate::Turn::note(const model::InvocationResult& result, SteadyTime now) {
  CallGate& gate = *gate_;
  gate.last_now_ = now;
  if (result.start != model::Start::warm) return;
  gate.has_been_warm_ = true;
  if (!is_beside_few_) return;
  const auto length = std::min(result.duration, kCounted);
  if (!gate.usual_) {
    gate.usual_ = length;
  } else if (length < *gate.usual_) {
    gate.usual_ = (*gate.usual_ + length) / 2;
  } else {
    gate.usual_ = *gate.usual_ + (length - *gate.usual_) / 32;
  }
  gate.usual_at_ = now;
  if (*gate.usual_ < model::kShortCall) gate.backoff_ = milliseconds(0);
}

std::optional<CallGate::Turn> CallGate::try_enter(SteadyTime now) {
  if (fresh(now) + promised_ >= kAtOnce && holds_back(now)) return std::nullopt;
  return std::optional<Turn>(std::in_place, shared_from_this(), now);
}

// A call that took its time until now will take more: nobody waits for it.
std::size_t CallGate::fresh(SteadyTime now) const {
  const auto first = std::upper_bound(running_.begin(), running_.end(), now - model::kShortCall);
  return static_cast<std::size_t>(running_.end() - first);
}

bool CallGate::holds_back(SteadyTime now) {
  if (!has_been_warm_ || now < open_until_) return false;
  if (!usual_ || *usual_ < model::kShortCall) return true;
  if (now - usual_at_ < kRemembered) return false;
  usual_.reset();  // measured long ago: try again
  return true;
}

asio::awaitable<CallGate::Turn> CallGate::wait() {
  const auto self = shared_from_this();
  Waiter waiter(*this);
  waiter.wake.expires_after(kPatience);
  waiters_.push_back(&waiter);
  const auto [cancelled] = co_await waiter.wake.async_wait(asio::as_tuple(asio::use_awaitable));
  if (waiter.may_go) {
    --promised_;
  } else {
    waiter.may_go = true;
    std::erase(waiters_, &waiter);
    // Whoever runs is not as short as hoped.
    if (!cancelled) open(waiter.wake.expiry());
  }
  co_return Turn(self, last_now_);
}

CallGate::Waiter::~Waiter() {
  if (!may_go) std::erase(gate.waiters_, this);  // destroyed while it waited
}

void CallGate::leave(SteadyTime begin) {
  const auto mine = std::lower_bound(running_.begin(), running_.end(), begin);
  running_.erase(mine);
  if (fresh(last_now_) + promised_ < kAtOnce) let_go(1);
}

void CallGate::let_go(std::size_t count) {
  for (; count > 0 && !waiters_.empty(); --count) {
    Waiter* first = waiters_.front();
    waiters_.pop_front();
    first->may_go = true;
    ++promised_;  // its turn begins in a moment: nobody overtakes it
    first->wake.cancel();
  }
}

void CallGate::open(SteadyTime now) {
  backoff_ = std::clamp(backoff_ * 2, kBackoffMin, kBackoffMax);
  open_until_ = now + backoff_;
  let_go(waiters_.size());
}

}  // namespace proa::dispatch
