// Two shards as in the daemon: a thread and an io_context each, everything shared that is shared
// there. For ThreadSanitizer above all.
#include "dispatch/shard_dispatcher.h"
#include "support/fake_sandboxes.h"
#include "support/interpreters.h"
#include "unit/api/fake_parts.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace proa::dispatch {
namespace {

namespace asio = boost::asio;

/// What both shards share.
struct Shared {
  SystemClock clock;
  api::FakeCatalog catalog;
  Admission admission{100};
  pool::IdleBoard board;
  pool::Budget budget{pool::BudgetOptions(), [] { return pool::HostReading(); }};
  environment::RuntimePrograms programs = environment::python_and_node();
};

class OneShard {
 public:
  OneShard(std::size_t number, Shared& shared) {
    environment::EnvironmentParts parts{io_.get_executor(), sandboxes_, shared.clock, random_};
    pool::PoolOptions options;
    options.shard = number;
    pool::PoolHooks hooks;
    hooks.is_current = [](const model::FunctionVersion&) { return true; };
    pool_ = std::make_unique<pool::Pool>(parts, shared.programs, shared.board, shared.budget,
                                         options, std::move(hooks));
    dispatcher_ = std::make_unique<ShardDispatcher>(io_.get_executor(), shared.catalog,
                                                    shared.admission, *pool_, shared.clock);
  }
  ~OneShard() {
    work_.reset();
    thread_.join();
  }
  void run() {
    thread_ = std::thread([this] { io_.run(); });
  }
  /// `count` calls of `name`, one after the other; the ids of the environments that ran them.
  std::future<std::set<std::string>> call(std::string name, int count) {
    return asio::co_spawn(io_, calls(std::move(name), count), asio::use_future);
  }
  void close() { asio::co_spawn(io_, close_pool(), asio::use_future).get(); }
  ShardDispatcher& dispatcher() { return *dispatcher_; }

 private:
  asio::awaitable<std::set<std::string>> calls(std::string name, int count) {
    std::set<std::string> environments;
    for (int i = 0; i < count; ++i) {
      model::FunctionRef ref;
      ref.account_id = "000000000000";
      ref.region = "us-east-1";
      ref.name = name;
      model::Invocation invocation;
      invocation.request_id = random_.uuid();
      invocation.payload = "{}";
      auto result = co_await dispatcher_->invoke(std::move(ref), std::move(invocation));
      EXPECT_TRUE(result) << (result ? "" : result.error().message());
      if (!result) co_return environments;
      EXPECT_EQ(result.value().payload, "\"done\"");
      environments.insert(result.value().environment_id);
    }
    co_return environments;
  }
  asio::awaitable<void> close_pool() { EXPECT_TRUE(co_await pool_->close()); }

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  RandomSource random_;
  sandbox::FakeWorld world_{io_.get_executor()};
  sandbox::FakeSandboxes sandboxes_{io_.get_executor(), world_};
  std::unique_ptr<pool::Pool> pool_;
  std::unique_ptr<ShardDispatcher> dispatcher_;
  std::thread thread_;
};

class ShardsTogether : public testing::Test {
 protected:
  void SetUp() override {
    shared_.catalog.put("f");
    shared_.catalog.put("g");
    const std::vector<ShardDispatcher*> all{&first_.dispatcher(), &second_.dispatcher()};
    first_.dispatcher().set_peers(all);
    second_.dispatcher().set_peers(all);
    first_.run();
    second_.run();
  }
  void TearDown() override {
    first_.close();
    second_.close();
  }

  Shared shared_;
  OneShard first_{0, shared_};
  OneShard second_{1, shared_};
};

TEST_F(ShardsTogether, CallsOfOneFunctionOnBothAtTheSameTimeAreAllAnswered) {
  std::vector<std::future<std::set<std::string>>> running;
  for (int i = 0; i < 6; ++i) {
    running.push_back(first_.call("f", 40));
    running.push_back(second_.call(i % 2 == 0 ? "f" : "g", 40));
  }
  for (auto& one : running) EXPECT_FALSE(one.get().empty());
}

TEST_F(ShardsTogether, AShardLendsItsEnvironmentToTheOther) {
  const auto made = first_.call("f", 1).get();
  const auto used = second_.call("f", 100).get();
  EXPECT_EQ(used, made);
}

TEST_F(ShardsTogether, SlotsAreTakenAndGivenBackByBoth) {
  std::vector<std::future<std::set<std::string>>> running;
  for (int i = 0; i < 4; ++i) {
    running.push_back(first_.call("f", 25));
    running.push_back(second_.call("f", 25));
  }
  for (auto& one : running) one.get();
  const auto function = shared_.catalog.records["f"].latest;
  EXPECT_EQ(shared_.admission.counts_of(*function).function->count.load(), 0U);
  EXPECT_EQ(shared_.admission.counts_of(*function).account->count.load(), 0U);
}

}  // namespace
}  // namespace proa::dispatch
