#include "dispatch/admission.h"

#include <gtest/gtest.h>

#include <vector>

namespace proa::dispatch {
namespace {

model::FunctionVersion function_named(const std::string& name) {
  model::FunctionVersion function;
  function.account_id = "000000000000";
  function.region = "us-east-1";
  function.name = name;
  return function;
}

TEST(Admission, TheAccountsLimitHoldsForAllFunctionsTogetherAndSlotsReturn) {
  Admission admission(2);
  std::vector<Slot> held;
  held.push_back(std::move(
      admission.enter(admission.counts_of(function_named("a")), std::nullopt, 0).value()));
  held.push_back(std::move(
      admission.enter(admission.counts_of(function_named("b")), std::nullopt, 0).value()));
  const auto refused = admission.enter(admission.counts_of(function_named("c")), std::nullopt, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::throttled);
  EXPECT_EQ(refused.error().message(), "ConcurrentInvocationLimitExceeded");
  held.pop_back();
  EXPECT_TRUE(admission.enter(admission.counts_of(function_named("c")), std::nullopt, 0));
}

TEST(Admission, ExplainsWhatItWouldDoByTheLimitThatHolds) {
  Admission admission(2);
  const auto counts = admission.counts_of(function_named("a"));
  const auto switched_off = admission.explain(counts, 0, 0);
  EXPECT_EQ(switched_off.chosen, "throttle");
  EXPECT_EQ(switched_off.outcome,
            "TooManyRequestsException, Reason ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_FALSE(admission.enter(counts, 0, 0));
  EXPECT_EQ(switched_off.inputs.at(0).from, "PutFunctionConcurrency");
  const auto slot = admission.enter(counts, std::nullopt, 1);
  ASSERT_TRUE(slot);
  const auto full = admission.explain(counts, std::nullopt, 1);
  EXPECT_EQ(full.chosen, "throttle");
  EXPECT_EQ(full.reason, "1 of 1 unreserved calls of the account run");
  EXPECT_EQ(full.inputs.at(0).from, "flag --account-concurrency");
  EXPECT_EQ(admission.explain(counts, std::nullopt, 0).chosen, "admit");
}

TEST(Admission, ReservedConcurrencyIsACeilingAndTakesNothingFromTheOthers) {
  Admission admission(2);
  const auto reserved = admission.counts_of(function_named("reserved"));
  const auto first = admission.enter(reserved, 1, 1);
  ASSERT_TRUE(first);
  const auto refused = admission.enter(reserved, 1, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_TRUE(admission.enter(admission.counts_of(function_named("other")), std::nullopt, 1));
}

TEST(Admission, AReservationOfZeroStopsAFunction) {
  Admission admission(10);
  EXPECT_FALSE(admission.enter(admission.counts_of(function_named("stopped")), 0, 0));
}

}  // namespace
}  // namespace proa::dispatch
