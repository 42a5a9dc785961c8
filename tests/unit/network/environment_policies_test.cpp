#include "network/environment_policies.h"

#include <gtest/gtest.h>

namespace proa::network {
namespace {

using launcher::Network;
using model::NetworkPolicy;

TEST(EnvironmentPolicies, ASlotHasThePolicyThatWasSetAndNoneBeforeAndAfter) {
  EnvironmentPolicies policies;
  EXPECT_EQ(policies.of(3), std::nullopt);
  policies.set({3, 1}, Network::lan);
  EXPECT_EQ(policies.of(3), NetworkPolicy::lan);
  EXPECT_EQ(policies.of(4), std::nullopt);
  policies.set({3, 1}, Network::none);
  EXPECT_EQ(policies.of(3), NetworkPolicy::none);
  policies.set({3, 1}, std::nullopt);
  EXPECT_EQ(policies.of(3), std::nullopt);
}

TEST(EnvironmentPolicies, ForgettingAnEarlierUseLeavesTheNewOne) {
  EnvironmentPolicies policies;
  policies.set({7, 1}, Network::internet);
  policies.set({7, 2}, Network::none);
  policies.set({7, 1}, std::nullopt);
  EXPECT_EQ(policies.of(7), NetworkPolicy::none);
}

TEST(EnvironmentPolicies, SlotsThatCannotExistHaveNoPolicy) {
  EnvironmentPolicies policies;
  policies.set({launcher::kMaxSlots, 1}, Network::internet);
  EXPECT_EQ(policies.of(launcher::kMaxSlots), std::nullopt);
}

}  // namespace
}  // namespace proa::network
