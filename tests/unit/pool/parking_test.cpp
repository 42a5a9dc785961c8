#include "unit/pool/pool_fixture.h"

namespace proa::pool {
namespace {

using model::Start;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(PoolTest, OneOfEachRuntimeIsParkedFromTheStart) {  // BASE-20
  pool_->keep_parked({programs_.find("python3.11").value(), programs_.find("nodejs20.x").value()});
  settle();
  EXPECT_EQ(pool_->counts().parked, 2U);
  EXPECT_EQ(call(function("f")).second, Start::parked);
}

TEST_F(PoolTest, TheFirstCallTakesTheOneThatIsJustBeingParked) {
  world_.starts.reset();
  pool_->keep_parked({programs_.find("python3.11").value()});
  settle();
  auto first = frames::begin(io_, pool_->lease(function("f")));
  auto second = frames::begin(io_, pool_->lease(function("g")));
  settle();
  world_.starts.set(true);
  settle();
  ASSERT_TRUE(first->has_value() && first->value());
  EXPECT_EQ(first->value().value().start(), Start::parked);
  ASSERT_TRUE(second->has_value() && second->value());
  EXPECT_EQ(second->value().value().start(), Start::cold);
}

TEST_F(PoolTest, ACallDoesNotWaitForAParkedOneThatFailsToStart) {
  world_.starts.reset();
  pool_->keep_parked({programs_.find("python3.11").value()});
  settle();
  auto call = frames::begin(io_, pool_->lease(function("f")));
  settle();
  EXPECT_EQ(pool_->counts().waiting, 1U);
  world_.alive.front()->fails_start = true;
  world_.starts.set(true);
  settle();
  ASSERT_TRUE(call->has_value() && call->value());
  EXPECT_EQ(call->value().value().start(), Start::cold);
}

TEST_F(PoolTest, AfterABurstAsManyAreParkedAsWereWantedAtOnce) {  // BASE-20
  std::vector<std::unique_ptr<Lease>> burst;
  for (int i = 0; i < 5; ++i) burst.push_back(take(function("f" + std::to_string(i))));
  settle();
  EXPECT_EQ(pool_->counts().parked, 5U);
}

TEST_F(PoolTest, NoMoreAreParkedThanTheLimitHoweverLargeTheBurst) {
  options_.parked_max = 3;
  make();
  std::vector<std::unique_ptr<Lease>> burst;
  for (int i = 0; i < 20; ++i) burst.push_back(take(function("f" + std::to_string(i))));
  settle();
  EXPECT_EQ(pool_->counts().parked, 3U);
}

TEST_F(PoolTest, ParkedEnvironmentsShrinkWhenUnusedToTheOneThatIsKept) {  // BASE-20
  park("python3.11");
  std::vector<std::unique_ptr<Lease>> burst;
  for (int i = 0; i < 6; ++i) burst.push_back(take(function("f" + std::to_string(i))));
  burst.clear();
  settle();
  const std::size_t before = pool_->counts().parked;
  EXPECT_GE(before, 6U);
  pass(minutes(3));
  const std::size_t later = pool_->counts().parked;
  EXPECT_LT(later, before);
  EXPECT_GE(later, 1U);
  pass(minutes(30));
  EXPECT_EQ(pool_->counts().parked, 1U);
}

class ParkedMachinesTest : public PoolTest {
 protected:
  void SetUp() override {
    options_.machines = ParkedMachines::shared;
    PoolTest::SetUp();
  }
  model::FunctionPtr machine(const std::string& name, std::uint32_t memory_mib = 256,
                             const std::string& account = "1") {
    return changed(function(name, account), [&](auto& version) {
      version.settings.isolation = model::Isolation::microvm;
      version.settings.kernel = "net";
      version.memory_mib = memory_mib;
    });
  }
};

TEST_F(ParkedMachinesTest, OneWaitsForFunctionsOfTheKindThatWasWanted) {
  const auto first = machine("f");
  EXPECT_EQ(call(first).second, Start::cold);
  settle();
  EXPECT_EQ(pool_->counts().parked, 0U) << "the call that took the last one has the processor";
  pass(seconds(2));
  ASSERT_EQ(pool_->counts().parked, 1U);
  const auto& waits = *world_.alive.back();
  EXPECT_EQ(waits.spec.isolation, model::Isolation::microvm);
  ASSERT_TRUE(waits.expected);
  EXPECT_EQ(waits.expected->limits.memory_mib, 256U);
  EXPECT_EQ(waits.expected->kernel, "net");
  EXPECT_TRUE(waits.expected->tree_id.empty());
  EXPECT_EQ(waits.rehearsals, 1);
  EXPECT_EQ(call(machine("g")).second, Start::parked);
  EXPECT_EQ(waits.tree_id, "tree-of-g");
}

TEST_F(ParkedMachinesTest, NoOtherSizeKernelOrStartIsGivenOne) {
  EXPECT_EQ(call(machine("f")).second, Start::cold);
  pass(seconds(2));
  ASSERT_EQ(pool_->counts().parked, 1U);
  EXPECT_EQ(call(machine("larger", 512)).second, Start::cold);
  EXPECT_EQ(
      call(changed(machine("kernel"), [](auto& version) { version.settings.kernel = "full"; }))
          .second,
      Start::cold);
  EXPECT_EQ(call(changed(machine("own"),
                         [](auto& version) {
                           version.environment = {{"PYTHONOPTIMIZE", "2"}};
                         }))
                .second,
            Start::cold);
  EXPECT_EQ(
      call(changed(machine("tmp"), [](auto& version) { version.ephemeral_storage_mib = 1024; }))
          .second,
      Start::cold);
  EXPECT_EQ(pool_->counts().parked, 1U);
  EXPECT_EQ(call(machine("other account", 256, "2")).second, Start::parked);
}

TEST_F(ParkedMachinesTest, WhereAccountsShareNothingEachHasItsOwn) {
  options_.machines = ParkedMachines::per_account;
  make();
  EXPECT_EQ(call(machine("f")).second, Start::cold);
  pass(seconds(2));
  ASSERT_EQ(pool_->counts().parked, 1U);
  EXPECT_EQ(world_.alive.back()->expected->account_id, "1");
  EXPECT_EQ(call(machine("theirs", 256, "2")).second, Start::cold);
  EXPECT_EQ(call(machine("ours")).second, Start::parked);
}

TEST_F(ParkedMachinesTest, KindsThatNobodyWantsAnyMoreAreForgotten) {
  EXPECT_EQ(call(machine("f")).second, Start::cold);
  pass(seconds(2));
  EXPECT_EQ(pool_->counts().parked, 1U);
  pass(minutes(10));
  EXPECT_EQ(pool_->counts().parked, 0U);
  EXPECT_TRUE(pool_->counts().parked_by_runtime.empty());
}

// There is no template yet, say: it comes with time.
TEST_F(ParkedMachinesTest, OneThatCannotBeThereIsTriedAgainLater) {
  world_.expect_error = Error(Errc::unavailable, "no template");
  EXPECT_EQ(call(machine("f")).second, Start::cold);
  pass(seconds(2));
  EXPECT_EQ(pool_->counts().parked, 0U);
  world_.expect_error.reset();
  pass(seconds(1));
  EXPECT_EQ(pool_->counts().parked, 0U);
  pass(seconds(2));
  EXPECT_EQ(pool_->counts().parked, 1U);
}

TEST_F(ParkedMachinesTest, ACallIsServedAllTheSameWhenTheOneThatWaitedIsNoneForIt) {
  EXPECT_EQ(call(machine("f")).second, Start::cold);
  pass(seconds(2));
  ASSERT_EQ(pool_->counts().parked, 1U);
  world_.fails_next_assign = Error(Errc::unavailable, "its template was replaced");
  EXPECT_EQ(call(machine("g")).second, Start::cold);
}

TEST_F(ParkedMachinesTest, OneThatHangsWhenItIsGivenAFunctionDoesNotFailTheCall) {
  budget_options_.environments_max = 1;
  make();
  const auto first = machine("f");
  EXPECT_EQ(call(first).second, Start::cold);
  pass(seconds(2));
  replaced_[first->revision_id] = true;  // its environment makes room
  pass(seconds(1));
  pass(seconds(11));
  ASSERT_EQ(pool_->counts().parked, 1U);
  world_.fails_next_assign = Error(Errc::deadline, "a guest's disk: no answer in time");
  EXPECT_EQ(call(machine("g")).second, Start::cold) << "in the place of the one that hung";
}

TEST_F(ParkedMachinesTest, ACallIsServedAllTheSameWhenTheOneItWaitedForIsNoneForIt) {
  EXPECT_EQ(call(machine("f")).second, Start::cold);
  world_.starts.reset();
  pass(seconds(2));
  ASSERT_EQ(pool_->counts().starting, 1U);
  auto waits = frames::begin(io_, pool_->lease(machine("g")));
  settle();
  ASSERT_EQ(pool_->counts().starting, 1U) << "the call waits for it";
  world_.fails_next_assign = Error(Errc::unavailable, "its template was replaced");
  world_.starts.set(true);
  const auto lease = frames::finish(io_, waits);
  ASSERT_TRUE(lease) << lease.error().message();
  EXPECT_EQ(lease.value().start(), Start::cold);
}

TEST_F(ParkedMachinesTest, WhatOnlyTheFunctionIsToBlameForIsNotTriedTwice) {
  EXPECT_EQ(call(machine("f")).second, Start::cold);
  pass(seconds(2));
  ASSERT_EQ(pool_->counts().parked, 1U);
  const std::size_t made = world_.made;
  world_.fails_next_assign = Error(Errc::unsupported, "its kernel has no network card");
  const auto failed = lease(machine("g"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unsupported);
  EXPECT_EQ(world_.made, made);
}

TEST_F(ParkedMachinesTest, ALargeKindWithoutRoomDoesNotKeepASmallOneFromItsOwn) {
  host_.memory_available = Bytes::mib(6000);
  EXPECT_EQ(call(machine("large", 4096)).second, Start::cold);
  EXPECT_EQ(call(machine("small", 128)).second, Start::cold);
  host_.memory_available = Bytes::mib(1000);
  pass(seconds(2));
  ASSERT_EQ(pool_->counts().parked, 1U);
  EXPECT_EQ(world_.alive.back()->expected->limits.memory_mib, 128U);
}

TEST_F(PoolTest, WhatIsBeingParkedIsGivenUpAndAwaitedBeforeTheEndAndNothingFollows) {
  world_.starts.reset();
  pool_->keep_parked({programs_.find("python3.11").value()});
  settle();
  ASSERT_EQ(pool_->counts().starting, 1U);
  auto stopped = frames::begin(io_, pool_->stop_parking());
  settle();
  ASSERT_TRUE(stopped->has_value()) << "it may hang: nobody waits for it to be done";
  EXPECT_TRUE(world_.alive.empty());
  EXPECT_EQ(call(function("f")).second, Start::cold);
  pass(seconds(70));
  EXPECT_EQ(pool_->counts().parked, 0U);
}

TEST_F(PoolTest, ParkingIsOffWithALimitOfNone) {
  options_.parked_max = 0;
  make();
  park("python3.11");
  EXPECT_EQ(call(function("f")).second, Start::cold);
  settle();
  EXPECT_EQ(pool_->counts().parked, 0U);
}

TEST_F(PoolTest, ParkedEnvironmentsMakeRoomForCallsAndComeBackWhenItIsQuiet) {
  budget_options_.environments_max = 2;
  make();
  park("nodejs20.x");
  const auto first = take(function("f"));
  ASSERT_EQ(first->start(), Start::cold);
  EXPECT_EQ(pool_->counts().parked, 1U);
  auto second = take(function("g"));
  EXPECT_EQ(pool_->counts().parked, 0U);
  second.reset();
  replaced_["revision-2"] = true;
  pass(seconds(1));
  EXPECT_EQ(pool_->counts().parked, 0U);
  pass(seconds(11));
  EXPECT_EQ(pool_->counts().parked, 1U);
}

TEST_F(PoolTest, NothingIsParkedWhenTheHostIsShortOfMemory) {
  host_.memory_available = Bytes::mib(260);
  park("python3.11");
  EXPECT_EQ(pool_->counts().parked, 0U);
  host_.memory_available = Bytes::mib(4096);
  pass(seconds(11));
  EXPECT_EQ(pool_->counts().parked, 1U);
}

TEST_F(PoolTest, AnInterpreterThatDoesNotStartIsTriedMoreAndMoreRarely) {
  world_.start_error = Error(Errc::unavailable, "does not start");
  park("python3.11");
  for (int i = 0; i < 60; ++i) pass(seconds(1));
  EXPECT_LE(world_.made, 6U);
  EXPECT_GE(world_.made, 4U);
  world_.start_error.reset();
  for (int i = 0; i < 70; ++i) pass(seconds(1));
  EXPECT_EQ(pool_->counts().parked, 1U);
}

TEST_F(PoolTest, ABrokenParkedEnvironmentIsReplaced) {
  park("python3.11");
  world_.alive.front()->break_down();
  pass(seconds(5));
  EXPECT_EQ(pool_->counts().parked, 1U);
  EXPECT_EQ(world_.made, 2U);
}

}  // namespace
}  // namespace proa::pool
