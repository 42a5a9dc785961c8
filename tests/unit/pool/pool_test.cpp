#include "unit/pool/pool_fixture.h"

#include <boost/asio/bind_cancellation_slot.hpp>

#include <random>

namespace proa::pool {
namespace {

using model::Start;

TEST_F(PoolTest, AnIdleEnvironmentThatHasThisCodeComesFirst) {  // BASE-14, step 1
  const auto f = function("f");
  const auto first = call(f);
  settle();
  ASSERT_GT(pool_->counts().parked, 0U);
  const auto second = call(f);
  EXPECT_EQ(second.second, Start::warm);
  EXPECT_EQ(second.first, first.first);
}

TEST_F(PoolTest, ReportsEveryEnvironmentWhereverItIs) {
  park("python3.11");
  auto held = take(function("f"));
  const auto idle = call(function("g", "2"));
  settle();
  const auto all = pool_->reports(std::nullopt);
  EXPECT_EQ(all.size(), world_.alive.size());
  const auto count = [&](const std::string& function) {
    return std::count_if(all.begin(), all.end(),
                         [&](const auto& one) { return one.view.function == function; });
  };
  EXPECT_EQ(count("f"), 1) << "in the hands of a call";
  EXPECT_EQ(count("g"), 1);
  EXPECT_GE(count(""), 1) << "parked";
  const auto theirs = pool_->reports(std::string("2"));
  ASSERT_EQ(theirs.size(), 1U);
  EXPECT_EQ(theirs[0].view.id, idle.first);
  EXPECT_EQ(theirs[0].view.phase, model::Phase::idle);
}

TEST_F(PoolTest, RetiredEnvironmentsRunNoCallMoreThanTheOneTheyHave) {
  const auto f = function("f");
  auto held = take(f);
  const std::string held_id = held->environment().id();
  const auto idle = call(f);
  const auto other = call(function("other"));
  pool_->retire_all([](const model::FunctionVersion& version) { return version.name == "f"; });
  settle();
  auto next = take(f);
  EXPECT_NE(next->environment().id(), idle.first);
  held.reset();
  settle();
  EXPECT_NE(call(f).first, held_id);
  const auto left = pool_->reports(std::nullopt);
  EXPECT_TRUE(std::none_of(left.begin(), left.end(), [&](const auto& one) {
    return one.view.id == held_id || one.view.id == idle.first;
  }));
  EXPECT_TRUE(std::any_of(left.begin(), left.end(),
                          [&](const auto& one) { return one.view.id == other.first; }));
}

TEST_F(PoolTest, OfIdleEnvironmentsTheMostRecentlyUsedComesFirst) {
  const auto f = function("f");
  auto older = take(f);
  auto newer = take(f);
  const std::string newer_id = newer->environment().id();
  older.reset();
  newer.reset();
  EXPECT_EQ(call(f).first, newer_id);
  EXPECT_EQ(call(f).first, newer_id);
}

TEST_F(PoolTest, AParkedEnvironmentOfTheRuntimeComesBeforeANewOne) {  // BASE-14, step 3
  park("python3.11");
  ASSERT_EQ(pool_->counts().parked, 1U);
  const std::size_t made = world_.made;
  const auto lease = take(function("f"));
  EXPECT_EQ(lease->start(), Start::parked);
  EXPECT_EQ(world_.alive.front()->tree_id, "tree-of-f");
  EXPECT_GE(made, 1U);
}

TEST_F(PoolTest, WithoutAnyANewEnvironmentIsStarted) {  // BASE-14, step 4
  const auto lease = take(function("f"));
  EXPECT_EQ(lease->start(), Start::cold);
  EXPECT_EQ(world_.alive.front()->program, "/usr/bin/python3.11");
  ASSERT_TRUE(world_.alive.front()->limits);
  EXPECT_EQ(world_.alive.front()->limits->memory, Bytes::mib(128));
}

TEST_F(PoolTest, AParkedEnvironmentOfAnotherRuntimeOrWithAnotherTmpIsNotTaken) {  // BASE-15
  park("python3.11");
  auto node = changed(function("n"), [](auto& version) { version.runtime = "nodejs20.x"; });
  EXPECT_EQ(call(node).second, Start::cold);
  auto large = changed(function("l"), [](auto& version) { version.ephemeral_storage_mib = 1024; });
  EXPECT_EQ(call(large).second, Start::cold);
  bool has_large = false;
  for (const auto* one : world_.alive) has_large = has_large || one->spec.tmp_mib == 1024;
  EXPECT_TRUE(has_large);
}

TEST_F(PoolTest, AMachineIsMadeForItsFunctionAndNothingIsParkedForIt) {
  park("python3.11");
  const std::size_t parked = world_.made;
  const Bytes before = budget_->use().memory_counted;
  const auto machine = changed(
      function("m"), [](auto& version) { version.settings.isolation = model::Isolation::microvm; });
  {
    const auto lease = take(machine);
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->start(), Start::cold);
    EXPECT_EQ(world_.made, parked + 1);
    const auto& made = *world_.alive.back();
    EXPECT_EQ(made.spec.isolation, model::Isolation::microvm);
    EXPECT_EQ(made.program, "/usr/bin/python3.11") << "it waits for the first call";
    EXPECT_EQ(pool_->counts().parked, 1U) << "it was left alone";
    EXPECT_GT(budget_->use().memory_counted.count(), 2 * before.count()) << "it takes more";
  }
  EXPECT_EQ(call(machine).second, Start::warm);
}

TEST_F(PoolTest, ABrokenIdleEnvironmentIsNotGivenOutAndItsPlaceIsFreed) {
  const auto f = function("f");
  const auto first = call(f);
  for (auto* one : world_.alive) {
    if (one->tree_id == "tree-of-f") one->break_down();
  }
  const auto second = call(f);
  EXPECT_NE(second.second, Start::warm);
  EXPECT_NE(second.first, first.first);
}

TEST_F(PoolTest, AnEnvironmentThatBreaksWhileLeasedIsNotKept) {
  const auto f = function("f");
  auto lease = take(f);
  for (auto* one : world_.alive) {
    if (one->tree_id == "tree-of-f") one->break_down();
  }
  lease.reset();
  settle();
  EXPECT_EQ(pool_->counts().idle, 0U);
  EXPECT_FALSE(pool_->has_idle(f));
}

TEST_F(PoolTest, AtTheLimitTheEnvironmentThatWasIdleLongestGivesWay) {
  budget_options_.environments_max = 2;
  options_.parked_max = 0;
  make();
  const auto a = function("a");
  const auto b = function("b");
  const auto c = function("c");
  call(a);
  clock_.advance(std::chrono::seconds(1));
  call(b);
  EXPECT_EQ(call(c).second, Start::cold);
  settle();
  EXPECT_FALSE(pool_->has_idle(a));
  EXPECT_TRUE(pool_->has_idle(b));
  EXPECT_TRUE(pool_->has_idle(c));
}

TEST_F(PoolTest, AtTheLimitWithEverythingBusyACallIsThrottledWithLambdasReason) {
  budget_options_.environments_max = 1;
  options_.parked_max = 0;
  make();
  const auto busy = take(function("a"));
  const auto refused = lease(function("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::throttled);
  EXPECT_TRUE(refused.error().message().starts_with("ConcurrentInvocationLimitExceeded: "));
}

TEST_F(PoolTest, AStartThatFailsIsReportedAndLeavesNothing) {
  world_.start_error = Error(Errc::os, "clone: no such luck");
  const auto failed = lease(function("f"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "clone: no such luck");
  settle();
  EXPECT_TRUE(world_.alive.empty());
  world_.start_error.reset();
  EXPECT_EQ(call(function("f")).second, Start::cold);
}

TEST_F(PoolTest, ARuntimeWithoutAnInterpreterIsRefusedByName) {
  auto ruby = changed(function("r"), [](auto& version) { version.runtime = "ruby3.2"; });
  const auto refused = lease(ruby);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::unsupported);
  EXPECT_NE(refused.error().message().find("ruby3.2"), std::string::npos);
}

TEST_F(PoolTest, AParkedEnvironmentThatCannotTakeTheCodeIsGivenUp) {
  park("python3.11");
  world_.assign_error = Error(Errc::not_found, "no such tree");
  const auto failed = lease(function("f"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "no such tree");
  settle();
  for (const auto* one : world_.alive) EXPECT_EQ(one->tree_id, "");
}

TEST_F(PoolTest, ALeaseMovesAndGivesBackOnce) {
  const auto f = function("f");
  {
    auto result = lease(f);
    ASSERT_TRUE(result);
    Lease moved(std::move(result.value()));
    EXPECT_EQ(pool_->counts().leased, 1U);
    EXPECT_EQ(pool_->counts().idle, 0U);
  }
  EXPECT_EQ(pool_->counts().leased, 0U);
  EXPECT_EQ(pool_->counts().idle, 1U);
}

TEST_F(PoolTest, ClosingWhileAnEnvironmentStartsWaitsForItAndServesNobody) {
  world_.starts.reset();
  auto pending = frames::begin(io_, pool_->lease(function("f")));
  settle();
  EXPECT_EQ(pool_->counts().starting, 1U);
  auto closing = frames::begin(io_, pool_->close());
  settle();
  world_.starts.set(true);
  settle();
  ASSERT_TRUE(pending->has_value());
  EXPECT_FALSE(pending->value());
  EXPECT_TRUE(frames::finish(io_, closing));
  EXPECT_TRUE(world_.alive.empty());
  EXPECT_FALSE(lease(function("g")));
}

TEST_F(PoolTest, ClosingEndsWhatIsParkedIdleAndFrozen) {
  park("nodejs20.x");
  call(function("f"));
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pool_->counts().frozen, 1U);
  close();
  EXPECT_TRUE(world_.alive.empty());
}

TEST_F(PoolTest, ACallThatIsCancelledWhileItsEnvironmentStartsLeavesNothing) {
  world_.starts.reset();
  boost::asio::cancellation_signal cancel;
  auto outcome = std::make_shared<std::optional<Result<Lease>>>();
  auto task = frames::keep<Lease>(pool_->lease(function("f")), outcome);
  boost::asio::co_spawn(
      io_, std::move(task),
      boost::asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
  settle();
  ASSERT_EQ(pool_->counts().starting, 1U);
  cancel.emit(boost::asio::cancellation_type::terminal);
  world_.starts.set(true);
  settle();
  EXPECT_EQ(pool_->counts().starting, 0U);
  outcome->reset();
}

TEST_F(PoolTest, NoEnvironmentIsEverSharedByFunctionsAccountsOrVersions) {  // BASE-24
  std::mt19937 dice(20260101);
  const auto roll = [&](std::size_t sides) { return dice() % sides; };
  std::vector<model::FunctionPtr> functions;
  for (const char* account : {"1", "2", "3"}) {
    for (const char* name : {"f", "g", "h"}) functions.push_back(function(name, account));
  }
  budget_options_.environments_max = 12;
  options_.parked_max = 3;
  make();
  park("python3.11");
  std::map<std::string, std::string> owner;  // of each environment: its version, for good
  std::vector<std::unique_ptr<Lease>> held;
  for (int step = 0; step < 3000; ++step) {
    const std::size_t what = roll(10);
    if (what < 5 && held.size() < 10) {
      const auto& wanted = functions[roll(functions.size())];
      auto leased = lease(wanted);
      if (!leased) continue;
      const std::string id = leased.value().environment().id();
      ASSERT_EQ(leased.value().environment().function(), wanted);
      const auto [known, is_new] = owner.emplace(id, wanted->environment_key());
      ASSERT_EQ(known->second, wanted->environment_key()) << "step " << step;
      for (const auto& other : held) ASSERT_NE(other->environment().id(), id);
      held.push_back(std::make_unique<Lease>(std::move(leased.value())));
    } else if (what < 8 && !held.empty()) {
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(roll(held.size())));
    } else if (what == 8) {
      auto& replaced = functions[roll(functions.size())];
      replaced_[replaced->revision_id] = true;
      replaced = changed(replaced, [](auto&) {});
    } else {
      pass(std::chrono::milliseconds(roll(200'000)));
    }
  }
  EXPECT_GT(owner.size(), 100U);
  held.clear();
}

// The template of a copy has been dropped by then, so the second one boots.
TEST_F(PoolTest, ABadCopyIsFollowedByOneMoreStartAndNoThird) {
  options_.parked_max = 0;
  make();
  world_.is_bad_copy = true;
  world_.fails_next_assign = Error(Errc::unavailable, "a guest's state: no");
  EXPECT_EQ(call(function("f")).second, Start::cold);
  EXPECT_EQ(world_.made, 2U);
  world_.assign_error = Error(Errc::unavailable, "a guest's state: no");
  const auto failed = lease(function("g"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "a guest's state: no");
  EXPECT_EQ(world_.made, 4U);
  world_.is_bad_copy = false;
  EXPECT_FALSE(lease(function("h")));
  EXPECT_EQ(world_.made, 5U) << "what is no copy's fault is not tried again";
  world_.assign_error.reset();
}

TEST_F(PoolTest, WhatTheHostIsShortOfIsAThrottleAndAFullDiskIsNone) {
  options_.parked_max = 0;
  make();
  world_.start_error = Error(Errc::exhausted, "all 8 slots of this host are in use");
  EXPECT_EQ(lease(function("f")).error().code(), Errc::throttled);
  world_.start_error = Error(Errc::exhausted, "a disk for /tmp: No space left on device", ENOSPC);
  const auto failed = lease(function("g"));
  EXPECT_EQ(failed.error().code(), Errc::unavailable);
  EXPECT_EQ(failed.error().message(), "a disk for /tmp: No space left on device");
}

}  // namespace
}  // namespace proa::pool
