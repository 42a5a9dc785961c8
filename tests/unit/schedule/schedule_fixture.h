// Schedules over a store in memory, a queue that does what a test says, and a clock that it moves.
#pragma once

#include "schedule/schedule.h"
#include "support/manual_clock.h"
#include "unit/api/fake_parts.h"
#include "unit/schedule/map_batches.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace proa::schedule {

/// Keeps what comes to the queue, or refuses it.
class ScriptedQueue final : public dispatch::EventQueue {
 public:
  struct Event {
    std::string function;
    std::string payload;
    std::string request_id;
    std::string trace_id;
  };
  Task<void> accept(model::FunctionRef ref, model::Invocation invocation) override {
    if (on_accept) on_accept();
    const std::lock_guard lock(mutex_);
    if (error) co_return *error;
    events.push_back({ref.arn(), invocation.payload, invocation.request_id, invocation.trace_id});
    co_return ok();
  }
  Task<std::vector<dispatch::DeadLetter>> dead_letters(Selection) override {
    co_return std::vector<dispatch::DeadLetter>();
  }
  Task<dispatch::DeadLetter> dead_letter(model::Scope, std::uint64_t) override {
    co_return Error(Errc::not_found, "scripted");
  }
  Task<void> rerun(model::Scope, std::uint64_t) override { co_return ok(); }
  Task<void> forget(model::Scope, std::uint64_t) override { co_return ok(); }
  Task<dispatch::EventCounts> counts() override { co_return dispatch::EventCounts(); }

  std::vector<Event> events;
  std::optional<Error> error;
  std::function<void()> on_accept;  ///< before anything else

 private:
  std::mutex mutex_;
};

class ScheduleFixture : public ::testing::Test {
 protected:
  ScheduleFixture() {
    catalog_.put("f");
    open();
  }
  ~ScheduleFixture() override { pool_.join(); }

  /// As a new start of the daemon does: what is not in the store is forgotten.
  void open() {
    schedules_.reset();
    auto made = Schedules::open({store_, queue_, catalog_, pool_, clock_, {}}, options_);
    ASSERT_TRUE(made) << made.error().message();
    schedules_ = std::move(made).value();
  }
  template <class T>
  Result<T> run(Task<T> task) {
    std::optional<Result<T>> out;
    boost::asio::io_context context;
    boost::asio::co_spawn(context, keep(std::move(task), out), boost::asio::detached);
    context.run();
    return std::move(*out);
  }
  void look() { ASSERT_TRUE(run(schedules_->look())); }
  void pass(std::chrono::seconds time) { clock_.advance(time); }

  static Name name_of(std::string name) { return {"000000000000", "us-east-1", std::move(name)}; }
  static Definition definition(std::string_view expression, std::string_view zone = "UTC") {
    return {{"000000000000", "us-east-1", "f", std::nullopt},
            calendar::Expression::parse(expression).value(),
            calendar::Zone::find(zone).value()};
  }
  View create(std::string name, Definition said) {
    auto made = run(schedules_->create(name_of(std::move(name)), std::move(said)));
    EXPECT_TRUE(made) << (made ? "" : made.error().message());
    return std::move(made).value();
  }
  Result<View> put(std::string name, Definition said,
                   std::optional<std::uint64_t> revision = std::nullopt) {
    return run(schedules_->put(name_of(std::move(name)), std::move(said), revision));
  }
  View view(std::string name) { return schedules_->find(name_of(std::move(name))).value(); }
  Progress progress(std::string name) { return view(std::move(name)).schedule->progress; }
  WallTime now() { return clock_.wall_now(); }

  MapBatches store_;
  ScriptedQueue queue_;
  api::FakeCatalog catalog_;
  ManualClock clock_;
  boost::asio::thread_pool pool_{1};
  Options options_;
  std::unique_ptr<Schedules> schedules_;

 private:
  template <class T>
  static boost::asio::awaitable<void> keep(Task<T> task, std::optional<Result<T>>& out) {
    out.emplace(co_await std::move(task));
  }
};

}  // namespace proa::schedule
