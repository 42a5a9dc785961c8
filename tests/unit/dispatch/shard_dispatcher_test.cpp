#include "dispatch/shard_dispatcher.h"

#include "support/fake_sandboxes.h"
#include "support/interpreters.h"
#include "support/manual_clock.h"
#include "unit/api/fake_parts.h"
#include "unit/catalog/temp_folder.h"
#include "unit/frames/await.h"

namespace proa::dispatch {
namespace {

/// Two shards with a pool each, on one io_context.
class ShardDispatcherTest : public catalog::TempFolderTest {
 protected:
  struct Shard {
    std::unique_ptr<pool::Pool> pool;
    std::unique_ptr<ShardDispatcher> dispatcher;
  };

  void SetUp() override {
    TempFolderTest::SetUp();
    std::vector<ShardDispatcher*> peers;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      environment::EnvironmentParts parts{io_.get_executor(), sandboxes_, clock_, random_};
      pool::PoolOptions options;
      options.shard = i;
      pool::PoolHooks hooks;
      hooks.is_current = [](const model::FunctionVersion&) { return true; };
      shards_[i].pool = std::make_unique<pool::Pool>(parts, programs_, board_, budget_, options,
                                                     std::move(hooks));
      shards_[i].dispatcher = std::make_unique<ShardDispatcher>(
          io_.get_executor(), catalog_, admission_, *shards_[i].pool, clock_);
      peers.push_back(shards_[i].dispatcher.get());
    }
    for (Shard& shard : shards_) shard.dispatcher->set_peers(peers);
    catalog_.put("f");
  }
  void TearDown() override {
    world_.answers.set(true);
    for (Shard& shard : shards_) EXPECT_TRUE(frames::await(io_, shard.pool->close()));
    EXPECT_TRUE(world_.alive.empty());
    TempFolderTest::TearDown();
  }

  model::FunctionRef ref(const std::string& name) {
    model::FunctionRef ref;
    ref.account_id = "000000000000";
    ref.region = "us-east-1";
    ref.name = name;
    return ref;
  }
  Task<model::InvocationResult> call(std::size_t shard, const std::string& name) {
    model::Invocation invocation;
    invocation.request_id = random_.uuid();
    invocation.payload = "{}";
    return shards_[shard].dispatcher->invoke(ref(name), std::move(invocation));
  }
  Result<model::InvocationResult> run(std::size_t shard, const std::string& name) {
    return frames::await(io_, call(shard, name));
  }
  void settle() {
    io_.restart();
    while (io_.poll() > 0) io_.restart();
  }

  boost::asio::io_context io_;
  ManualClock clock_;
  RandomSource random_;
  sandbox::FakeWorld world_{io_.get_executor()};
  sandbox::FakeSandboxes sandboxes_{io_.get_executor(), world_};
  environment::RuntimePrograms programs_ = environment::python_and_node();
  api::FakeCatalog catalog_;
  Admission admission_{2};
  pool::IdleBoard board_;
  pool::Budget budget_{pool::BudgetOptions(), [] { return pool::HostReading(); }};
  std::array<Shard, 2> shards_;
};

TEST_F(ShardDispatcherTest, ACallRunsAndItsSecondOneIsWarm) {
  const auto first = run(0, "f");
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first.value().payload, "\"done\"");
  EXPECT_EQ(first.value().start, model::Start::cold);
  const auto second = run(0, "f");
  ASSERT_TRUE(second);
  EXPECT_EQ(second.value().start, model::Start::warm);
  EXPECT_EQ(second.value().environment_id, first.value().environment_id);
}

TEST_F(ShardDispatcherTest, AnIdleEnvironmentOfAnotherShardIsUsedBeforeStartingOne) {
  const auto first = run(0, "f");
  ASSERT_TRUE(first);
  const auto second = run(1, "f");
  ASSERT_TRUE(second);
  EXPECT_EQ(second.value().start, model::Start::warm);
  EXPECT_EQ(second.value().environment_id, first.value().environment_id);
  EXPECT_FALSE(shards_[1].pool->has_idle(catalog_.resolve(ref("f")).value()));
  EXPECT_FALSE(first.value().other_shard);
  EXPECT_EQ(second.value().other_shard, 0U);
}

TEST_F(ShardDispatcherTest, AnUnknownFunctionIsNotFoundAndPlacesNothing) {
  const auto missing = run(0, "nobody");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Errc::not_found);
  EXPECT_EQ(world_.made, 0U);
}

TEST_F(ShardDispatcherTest, CallsOverTheAccountsLimitAreThrottledAndPlaceNothing) {  // BASE-29
  world_.answers.reset();
  auto first = frames::begin(io_, call(0, "f"));
  auto second = frames::begin(io_, call(1, "f"));
  settle();
  const std::size_t made = world_.made;
  const auto refused = run(0, "f");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::throttled);
  EXPECT_EQ(refused.error().message(), "ConcurrentInvocationLimitExceeded");
  EXPECT_EQ(world_.made, made);
  world_.answers.set(true);
  EXPECT_TRUE(frames::finish(io_, first));
  EXPECT_TRUE(frames::finish(io_, second));
  EXPECT_TRUE(run(0, "f"));
}

TEST_F(ShardDispatcherTest, AReservationOfZeroStopsAFunctionAndLeavesTheOthersTheirShare) {
  catalog_.put("stopped");
  catalog_.records["stopped"].reserved_concurrency = 0;
  const auto refused = run(0, "stopped");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_TRUE(run(0, "f"));
}

TEST_F(ShardDispatcherTest, AnEnvironmentThatBrokeWhileFrozenIsReplacedWithinTheCall) {
  const auto first = run(0, "f");
  ASSERT_TRUE(first);
  clock_.advance(std::chrono::seconds(1));
  shards_[0].pool->sweep();
  world_.fails_thaw = true;
  const auto second = run(0, "f");
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_NE(second.value().environment_id, first.value().environment_id);
}

}  // namespace
}  // namespace proa::dispatch
