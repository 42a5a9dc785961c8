#include "base/task_group.h"

#include "base/check.h"
#include "base/units.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace proa {
namespace asio = boost::asio;

struct TaskGroup::State {
  explicit State(const asio::any_io_executor& given) : executor(given), all_ended(given) {}
  asio::any_io_executor executor;
  asio::steady_timer all_ended;
  std::size_t running = 0;
};

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(executor)) {}

void TaskGroup::spawn(asio::awaitable<void> task) {
  ++state_->running;
  asio::co_spawn(state_->executor, std::move(task), [state = state_](std::exception_ptr failure) {
    check(failure == nullptr, "an exception left a background task");
    if (--state->running == 0) state->all_ended.cancel();
  });
}

std::size_t TaskGroup::running() const { return state_->running; }

asio::awaitable<void> TaskGroup::join() {
  const auto state = state_;
  while (state->running > 0) {
    state->all_ended.expires_at(SteadyTime::max());
    co_await state->all_ended.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace proa
