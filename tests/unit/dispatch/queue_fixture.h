// An AsyncQueue over a real store and a dispatcher that does what a test says.
#pragma once

#include "dispatch/async_queue.h"
#include "unit/api/fake_parts.h"
#include "unit/catalog/temp_folder.h"
#include "unit/frames/await.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace proa::dispatch {

/// Answers calls by a script; counts those that run at the same moment.
class ScriptedDispatcher final : public Dispatcher {
 public:
  explicit ScriptedDispatcher(boost::asio::io_context& io) : gate_(io) {
    gate_.expires_at(SteadyTime::max());
  }

  using Script = std::function<Result<model::InvocationResult>(const model::Invocation&)>;
  Script script = [](const model::Invocation&) { return answer("1"); };
  bool is_holding = false;  ///< calls wait until release()
  std::vector<std::string> payloads;
  std::vector<std::string> functions;
  std::set<std::string> request_ids;
  std::size_t running = 0;
  std::size_t most_running = 0;

  static Result<model::InvocationResult> answer(const std::string& payload) {
    model::InvocationResult result;
    result.payload = payload;
    result.executed_version = "$LATEST";
    return result;
  }
  static Result<model::InvocationResult> failure() {
    auto result = answer(R"({"errorType":"E"})");
    result.value().function_error = "Unhandled";
    return result;
  }
  void release() {
    is_holding = false;
    gate_.cancel();
  }

  Result<std::vector<DecisionRecord>> explain(const model::FunctionRef&) override {
    return Error(Errc::unsupported, "scripted");
  }
  Task<model::InvocationResult> invoke(model::FunctionRef ref,
                                       model::Invocation invocation) override {
    payloads.push_back(invocation.payload);
    functions.push_back(ref.name);
    request_ids.insert(invocation.request_id);
    most_running = std::max(most_running, ++running);
    const Leave leave{running};
    if (is_holding) {
      co_await boost::asio::this_coro::throw_if_cancelled(false);
      co_await gate_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
      const auto state = co_await boost::asio::this_coro::cancellation_state;
      if (state.cancelled() != boost::asio::cancellation_type::none) {
        co_return Error(Errc::cancelled, "was given up");
      }
    }
    co_return script(invocation);
  }

 private:
  struct Leave {
    std::size_t& count;
    ~Leave() { --count; }
  };
  boost::asio::steady_timer gate_;
};

/// Can be set back, as by somebody who corrects it.
class SetClock final : public Clock {
 public:
  WallTime wall_now() const override { return system_.wall_now() - back; }
  SteadyTime steady_now() const override { return system_.steady_now(); }
  std::chrono::seconds back{0};

 private:
  SystemClock system_;
};

class QueueFixture : public catalog::TempFolderTest {
 protected:
  void SetUp() override {
    TempFolderTest::SetUp();
    options_.retry_delay = std::chrono::milliseconds(1);
    options_.processors = 2;
    catalog_.put("f");
    catalog_.put("g");
    open();
  }
  void TearDown() override {
    dispatcher_.release();
    if (queue_) close();
    TempFolderTest::TearDown();
  }

  void open() {
    AsyncParts parts{io_.get_executor(), catalog_, clock_, telemetry::Logger(),
                     [this] { return disk_left_; }};
    queue_ = std::make_unique<AsyncQueue>(
        std::move(parts), storage::open_sqlite_queue(folder_ / "events.db"), options_);
  }
  void start() {
    const auto started = frames::await(io_, queue_->start({{io_.get_executor(), &dispatcher_}}));
    ASSERT_TRUE(started) << started.error().message();
  }
  void close(std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    const auto closed = frames::await(io_, queue_->close(clock_.steady_now() + patience));
    EXPECT_TRUE(closed) << closed.error().message();
    queue_.reset();
  }
  /// What a killed daemon leaves: the queue is not closed, its file is opened again.
  void kill_and_open() {
    io_.restart();
    while (io_.poll() > 0) io_.restart();
    std::filesystem::copy(folder_ / "events.db", folder_ / "killed.db");
    for (const char* end : {"-wal"}) {
      std::filesystem::copy((folder_ / "events.db").string() + end,
                            (folder_ / "killed.db").string() + end);
    }
    dispatcher_.release();
    close();
    for (const char* end : {"", "-wal"}) {
      std::filesystem::rename((folder_ / "killed.db").string() + end,
                              (folder_ / "events.db").string() + end);
    }
    std::filesystem::remove(folder_ / "events.db-shm");
    open();
  }

  static model::FunctionRef ref(const std::string& name) {
    return {"000000000000", "us-east-1", name, std::nullopt};
  }
  Task<void> accept(const std::string& payload, const std::string& name = "f") {
    model::Invocation invocation;
    invocation.request_id = random_.uuid();
    invocation.payload = payload;
    return queue_->accept(ref(name), std::move(invocation));
  }
  void send(const std::string& payload, const std::string& name = "f") {
    const auto accepted = frames::await(io_, accept(payload, name));
    ASSERT_TRUE(accepted) << accepted.error().message();
  }
  EventCounts counts() { return frames::await(io_, queue_->counts()).value(); }
  std::vector<DeadLetter> letters() {
    EventQueue::Selection all;
    all.scope = {"000000000000", "us-east-1"};
    all.max = 100;
    return frames::await(io_, queue_->dead_letters(std::move(all))).value();
  }
  /// Turns the loop until `is_true`; false after 20 s.
  template <class Condition>
  bool until(Condition is_true) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_true() && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds(20));
    }
    return is_true();
  }
  bool is_empty() {
    const auto now = counts();
    return now.waiting == 0 && now.running == 0;
  }
  model::EventInvokeConfig& config(const std::string& name = "f") {
    return catalog_.records.at(name).event_configs["$LATEST"];
  }

  boost::asio::io_context io_;
  SetClock clock_;
  RandomSource random_;
  api::FakeCatalog catalog_;
  ScriptedDispatcher dispatcher_{io_};
  AsyncOptions options_;
  Bytes disk_left_ = Bytes::mib(1000);
  std::unique_ptr<AsyncQueue> queue_;
};

}  // namespace proa::dispatch
