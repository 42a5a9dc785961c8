#include "api/log_wait.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace proa::api {
namespace {

namespace asio = boost::asio;

/// The store is asked for so long at once. Boost 1.81 cannot cancel what runs on another executor
/// (its signal may reach what is gone by then), so a wait that nobody needs any more runs out.
constexpr std::chrono::seconds kSlice{1};

/// Shared by who waits, the wait in the store, which may end later, and the watch of the client.
struct Held {
  explicit Held(const asio::any_io_executor& executor) : wake(executor, SteadyTime::max()) {}
  void end() {
    is_over = true;
    wake.cancel();
  }
  asio::steady_timer wake;
  bool is_over = false;
  bool is_gone = false;  ///< the client
  bool has_news = false;
  bool has_failed = false;
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

/// The news of one slice. The store outlives it.
struct Slice {
  logs::GroupKey group;
  std::optional<logs::LogPosition> after;
  SteadyTime until;
};

asio::awaitable<void> wait_in_store(logs::LogStore& store, Slice slice, HeldPtr held) {
  const auto news = co_await store.wait(std::move(slice.group), slice.after, slice.until);
  held->has_news = news && news.value();
  held->has_failed = !news;
  held->end();
}

}  // namespace

asio::awaitable<bool> wait_for_events(Context& context, Call& call, logs::GroupKey group,
                                      std::optional<logs::LogPosition> after, SteadyTime deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto held = std::make_shared<Held>(executor);
  const Watch watch(call.request.asker, [held] {
    held->is_gone = true;
    held->end();
  });
  SteadyTime until = context.clock.steady_now();
  while (until < deadline && !held->is_gone) {
    until = std::min(until + kSlice, deadline);
    held->is_over = false;
    Slice slice{group, after, until};
    auto waiting = wait_in_store(context.logs, std::move(slice), held);
    asio::co_spawn(executor, std::move(waiting), [held](const std::exception_ptr&) {});
    if (!held->is_over) co_await held->wake.async_wait(asio::as_tuple(asio::use_awaitable));
    if (held->has_news) co_return true;
    if (held->has_failed) co_return false;
  }
  co_return false;
}

}  // namespace proa::api
