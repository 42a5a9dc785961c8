#include "base/run_on.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace proa {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;

/// Another executor, with a thread of its own.
class Elsewhere {
 public:
  Elsewhere() : work_(asio::make_work_guard(io_)), thread_([this] { io_.run(); }) {}
  ~Elsewhere() {
    work_.reset();
    thread_.join();
  }
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;
  asio::any_io_executor executor() { return io_.get_executor(); }
  std::thread::id thread() const { return thread_.get_id(); }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

asio::awaitable<std::thread::id> which_thread() { co_return std::this_thread::get_id(); }

Task<int> fail() { co_return Error(Errc::conflict, "of the task"); }

asio::awaitable<int> wait(std::chrono::steady_clock::duration time, std::atomic<int>& ended) {
  struct End {
    std::atomic<int>& count;
    ~End() { ++count; }
  };
  const End end{ended};
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
  co_return 7;
}

Task<int> wait_task(std::chrono::steady_clock::duration time, std::atomic<int>& ended) {
  co_return co_await wait(time, ended);
}

TEST(RunOn, RunsThereAndComesBack) {
  Elsewhere elsewhere;
  asio::io_context io;
  std::thread::id there;
  std::thread::id here;
  auto course = [&]() -> asio::awaitable<void> {
    there = co_await await_on(elsewhere.executor(), which_thread());
    here = std::this_thread::get_id();
  };
  asio::co_spawn(io, course(), [](std::exception_ptr failed) { EXPECT_FALSE(failed); });
  io.run();
  EXPECT_EQ(there, elsewhere.thread());
  EXPECT_EQ(here, std::this_thread::get_id());
}

TEST(RunOn, GivesTheErrorOfTheTask) {
  Elsewhere elsewhere;
  asio::io_context io;
  std::optional<Result<int>> result;
  auto course = [&]() -> asio::awaitable<void> {
    result.emplace(co_await run_on(elsewhere.executor(), fail()));
  };
  asio::co_spawn(io, course(), [](const std::exception_ptr&) {});
  io.run();
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().message(), "of the task");
}

TEST(RunOn, CancellationReachesTheWorkAndItsEndIsAwaited) {
  Elsewhere elsewhere;
  asio::io_context io;
  std::atomic<int> ended{0};
  int ended_when_back = 0;
  std::optional<Result<int>> result;
  auto course = [&]() -> asio::awaitable<void> {
    result.emplace(co_await run_on(elsewhere.executor(), wait_task(std::chrono::hours(1), ended)));
    ended_when_back = ended;
  };
  asio::cancellation_signal signal;
  asio::co_spawn(io, course(),
                 asio::bind_cancellation_slot(signal.slot(), [](const std::exception_ptr&) {}));
  io.poll();
  signal.emit(asio::cancellation_type::terminal);
  io.run();
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().code(), Errc::cancelled);
  EXPECT_EQ(ended_when_back, 1);
}

// With Boost's own way a signal is used after it was freed here, as the sanitizers say.
TEST(RunOn, CancellationMayComeWhileTheWorkEnds) {
  Elsewhere elsewhere;
  constexpr int kRounds = 2'000;
  std::atomic<int> ended{0};
  for (int round = 0; round < kRounds; ++round) {
    asio::io_context io;
    std::optional<Result<int>> result;
    auto course = [&]() -> asio::awaitable<void> {
      auto task = wait_task(microseconds(round % 50), ended);
      result.emplace(co_await run_on(elsewhere.executor(), std::move(task)));
    };
    asio::cancellation_signal signal;
    asio::co_spawn(io, course(),
                   asio::bind_cancellation_slot(signal.slot(), [](const std::exception_ptr&) {}));
    io.poll();
    std::this_thread::sleep_for(microseconds(round * 7 % 100));
    signal.emit(asio::cancellation_type::terminal);
    io.run();
    ASSERT_TRUE(result);
    if (*result) {
      EXPECT_EQ(result->value(), 7);
    } else {
      EXPECT_EQ(result->error().code(), Errc::cancelled);
    }
  }
  EXPECT_EQ(ended, kRounds);
}

}  // namespace
}  // namespace proa
