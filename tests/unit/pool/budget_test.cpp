#include "pool/budget.h"

#include <gtest/gtest.h>

#include <vector>

namespace proa::pool {
namespace {

class BudgetTest : public ::testing::Test {
 protected:
  Budget budget() {
    return Budget(options_, [this] { return host_; });
  }
  BudgetOptions options_;
  HostReading host_;
};

std::string why(const Result<Claim>& refused) {
  EXPECT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::throttled);
  EXPECT_TRUE(refused.error().message().starts_with("ConcurrentInvocationLimitExceeded: "));
  return refused.error().message();
}

TEST_F(BudgetTest, EnvironmentsAreCountedAndClaimsReturn) {
  options_.environments_max = 2;
  Budget budget = this->budget();
  auto first = budget.claim(Bytes::mib(128));
  auto second = budget.claim(Bytes::mib(128));
  ASSERT_TRUE(first && second);
  EXPECT_NE(why(budget.claim(Bytes::mib(128))).find("--max-environments"), std::string::npos);
  { const Claim ended = std::move(first.value()); }
  EXPECT_EQ(budget.environments(), 1U);
  EXPECT_TRUE(budget.claim(Bytes::mib(128)));
}

TEST_F(BudgetTest, TellsWhatIsLeftOfPlacesAndMemory) {
  options_.environments_max = 4;
  options_.memory_reserve = Bytes::mib(100);
  options_.memory_commit_percent = 100;
  host_.memory_total = Bytes::mib(1100);
  host_.memory_available = Bytes::mib(1100);
  Budget budget = this->budget();
  EXPECT_DOUBLE_EQ(budget.free_part(0), 1);
  auto first = budget.claim(Bytes::mib(100));
  EXPECT_DOUBLE_EQ(budget.free_part(0), 0.75) << "places";
  auto second = budget.claim(Bytes::mib(600));
  EXPECT_NEAR(budget.free_part(0), 0.3, 0.001) << "memory";
  EXPECT_NEAR(budget.free_part(1), 0.65, 0.001) << "half of the environments are spare";
  second.value().settle();
  host_.memory_available = Bytes::mib(100);
  EXPECT_DOUBLE_EQ(budget.free_part(0), 0) << "others have taken it";
  EXPECT_DOUBLE_EQ(budget.free_part(2), 1);
}

TEST_F(BudgetTest, TheReserveOfTheHostsMemoryIsNotGivenOut) {
  options_.memory_reserve = Bytes::mib(100);
  options_.memory_commit_percent = 50;
  host_.memory_available = Bytes::mib(163);
  Budget budget = this->budget();
  EXPECT_TRUE(budget.check(Bytes::mib(126)));
  EXPECT_NE(why(budget.claim(Bytes::mib(128))).find("host memory: 163 MiB"), std::string::npos);
}

TEST_F(BudgetTest, MemoryOfEnvironmentsThatStartIsCountedUntilTheHostShowsIt) {
  options_.memory_reserve = Bytes();
  options_.memory_commit_percent = 100;
  host_.memory_available = Bytes::mib(200);
  Budget budget = this->budget();
  auto first = budget.claim(Bytes::mib(128));
  ASSERT_TRUE(first);
  EXPECT_FALSE(budget.check(Bytes::mib(128)));
  first.value().settle();
  EXPECT_TRUE(budget.check(Bytes::mib(128)));
}

TEST_F(BudgetTest, NoMoreIsPromisedThanTheHostHas) {
  options_.memory_reserve = Bytes::mib(24);
  options_.memory_commit_percent = 100;
  host_.memory_total = Bytes::mib(1024);
  Budget budget = this->budget();
  auto large = budget.claim(Bytes::mib(900));
  ASSERT_TRUE(large);
  large.value().settle();
  EXPECT_NE(why(budget.claim(Bytes::mib(128))).find("--memory-commit"), std::string::npos);
}

TEST_F(BudgetTest, AClaimThatGrowsIsCheckedAndStaysWhatItWasWhenRefused) {
  options_.memory_reserve = Bytes();
  options_.memory_commit_percent = 100;
  host_.memory_available = Bytes::mib(512);
  host_.memory_total = Bytes::mib(512);
  Budget budget = this->budget();
  auto claim = budget.claim(Bytes::mib(128));
  ASSERT_TRUE(claim);
  claim.value().settle();
  EXPECT_FALSE(claim.value().resize(Bytes::mib(1024)));
  EXPECT_TRUE(claim.value().resize(Bytes::mib(256)));
  EXPECT_FALSE(budget.check(Bytes::mib(300)));
  EXPECT_TRUE(claim.value().resize(Bytes::mib(128)));
  EXPECT_TRUE(budget.check(Bytes::mib(300)));
}

TEST_F(BudgetTest, DescriptorsAreKeptForConnectionsAndForWhatIsBeingStarted) {
  options_.descriptors_reserve = 10;
  options_.descriptors_per_environment = 5;
  host_.descriptors_left = 20;
  Budget budget = this->budget();
  auto first = budget.claim(Bytes::mib(128));
  auto second = budget.claim(Bytes::mib(128));
  ASSERT_TRUE(first && second);
  EXPECT_NE(why(budget.claim(Bytes::mib(128))).find("descriptors: 20 are left"), std::string::npos);
}

TEST_F(BudgetTest, AnUnknownHostIsNoLimit) {
  Budget budget = this->budget();
  std::vector<Claim> held;
  for (int i = 0; i < 1000; ++i) held.push_back(std::move(budget.claim(Bytes::mib(10240)).value()));
  EXPECT_EQ(budget.environments(), 1000U);
  const BudgetUse use = budget.use();
  EXPECT_EQ(use.environments, 1000U);
  EXPECT_GT(use.memory_counted, Bytes::mib(1000 * 1024));
}

}  // namespace
}  // namespace proa::pool
