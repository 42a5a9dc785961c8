#include "api/log_wait.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace proa::api {
namespace {

namespace asio = boost::asio;

/// Shared by who waits, the wait in the store, which may end later, and the watch of the client.
struct Held {
  explicit Held(const asio::any_io_executor& executor) : wake(executor, SteadyTime::max()) {}
  void end() {
    is_over = true;
    wake.cancel();
  }
  asio::steady_timer wake;
  asio::cancellation_signal give_up;  ///< of the wait in the store
  bool is_over = false;
  bool has_news = false;
};
using HeldPtr = std::shared_ptr<Held>;

/// Watches the client while it lives.
class Watch {
 public:
  Watch(http::Asker* asker, std::function<void()> gone) : asker_(asker) {
    if (asker_ != nullptr) asker_->watch(std::move(gone));
  }
  ~Watch() {
    if (asker_ != nullptr) asker_->unwatch();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  http::Asker* asker_;
};

/// What to wait for. The store outlives it.
struct Wanted {
  logs::GroupKey group;
  std::optional<logs::LogPosition> after;
  SteadyTime deadline;
};

asio::awaitable<void> wait_in_store(logs::LogStore& store, Wanted wanted, HeldPtr held) {
  const auto news = co_await store.wait(std::move(wanted.group), wanted.after, wanted.deadline);
  held->has_news = news && news.value();
  held->end();
}

}  // namespace

asio::awaitable<bool> wait_for_events(Context& context, Call& call, logs::GroupKey group,
                                      std::optional<logs::LogPosition> after, SteadyTime deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto held = std::make_shared<Held>(executor);
  const Watch watch(call.request.asker, [held] { held->end(); });
  if (held->is_over) co_return false;
  Wanted wanted{std::move(group), after, deadline};
  auto waiting = wait_in_store(context.logs, std::move(wanted), held);
  asio::co_spawn(
      executor, std::move(waiting),
      asio::bind_cancellation_slot(held->give_up.slot(), [held](const std::exception_ptr&) {}));
  if (!held->is_over) co_await held->wake.async_wait(asio::as_tuple(asio::use_awaitable));
  held->give_up.emit(asio::cancellation_type::terminal);
  co_return held->has_news;
}

}  // namespace proa::api
