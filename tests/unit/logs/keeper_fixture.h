// A keeper with its shards' writers, used as main, a shard and api use it.
#pragma once

#include "base/run_on.h"
#include "logs/log_keeper.h"
#include "unit/logs/logs_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <set>
#include <thread>
#include <utility>

namespace proa::logs {

/// Runs a task to its end on this thread.
template <class T>
Result<T> await(Task<T> task) {
  boost::asio::io_context io;
  std::optional<Result<T>> out;
  boost::asio::co_spawn(io, boxed<T>(std::move(task)),
                        [&out](std::exception_ptr failed, std::optional<Result<T>> result) {
                          if (!failed) out = std::move(result);
                        });
  io.run();
  if (!out) return Error(Errc::internal, "an exception left the task");
  return std::move(*out);
}

class KeeperFixture : public LogsFixture {
 protected:
  void SetUp() override {
    LogsFixture::SetUp();
    options_.logs_folder = folder_ / "logs";
    options_.usage_folder = folder_ / "usage";
    start();
  }
  void TearDown() override {
    keeper_.reset();
    LogsFixture::TearDown();
  }

  /// As a start of the daemon; what ran before is closed.
  void start(std::size_t shards = 1) {
    keeper_.reset();
    writers_.clear();
    keeper_ = std::make_unique<LogKeeper>(options_, clock_, telemetry::Logger(output_, "logs"));
    const auto opened = keeper_->open();
    ASSERT_TRUE(opened) << opened.error().message();
    for (std::size_t i = 0; i < shards; ++i) {
      writers_.push_back(&keeper_->add_shard(shard_.get_executor()));
    }
  }

  LogStreamPtr stream_of(const std::string& group, unsigned environment = 1) {
    auto function = make_function();
    function->logging.group = group;
    return make_stream(function, environment_id(environment), clock_.wall_now());
  }
  static GroupKey key(const std::string& group) { return {"123456789012", "eu-central-1", group}; }
  void line(const std::string& group, std::string_view text) {
    writers_[0]->output(stream_of(group), request_id(1), text);
  }

  LogCounts counts() { return await(keeper_->counts()).value(); }
  /// Until so many entries were written or dropped in all; this is no matter of speed.
  void settle(std::uint64_t entries) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      const LogCounts now = counts();
      if (now.written_events + now.dropped_events >= entries) return;
      ASSERT_LT(std::chrono::steady_clock::now(), limit) << now.written_events << " written";
      std::this_thread::yield();
    }
  }

  LogPage read(LogQuery query) {
    auto page = await(keeper_->read(std::move(query)));
    EXPECT_TRUE(page) << page.error().message();
    return page ? std::move(page.value()) : LogPage();
  }
  /// All messages of a group.
  Strings read(const std::string& group) {
    LogQuery query;
    query.group = key(group);
    query.max_bytes = Bytes::mib(100);
    query.max_events = 1'000'000;
    return messages(read(std::move(query)).events);
  }
  std::vector<UsageRecord> usage() {
    UsageQuery query;
    query.account_id = "123456789012";
    query.region = "eu-central-1";
    auto page = await(keeper_->usage(std::move(query)));
    EXPECT_TRUE(page) << page.error().message();
    EXPECT_TRUE(page.value().is_end);
    return std::move(page.value().records);
  }

  boost::asio::io_context shard_;
  KeptLines lines_;
  telemetry::LogOutput output_{lines_, clock_};
  KeeperOptions options_;
  std::unique_ptr<LogKeeper> keeper_;
  std::vector<LogWriter*> writers_;
};

}  // namespace proa::logs
