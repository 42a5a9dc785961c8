#include "dispatch/call_counters.h"

#include "unit/api/fake_parts.h"

#include <gtest/gtest.h>

namespace proa::dispatch {
namespace {

using std::chrono::microseconds;

class CallCountersTest : public testing::Test {
 protected:
  std::shared_ptr<FunctionCounts> of(const std::string& name) {
    model::FunctionRef ref;
    ref.account_id = "000000000000";
    ref.region = "us-east-1";
    ref.name = name;
    const auto function = catalog_.resolve(ref).value();
    return counters_.of(*function, admission_.counts_of(*function));
  }
  static model::InvocationResult ran(model::Start start, int us) {
    model::InvocationResult result;
    result.start = start;
    result.duration = microseconds(us);
    return result;
  }

  api::FakeCatalog catalog_;
  Admission admission_{10};
  CallCounters counters_{catalog_};
};

TEST_F(CallCountersTest, ACallCountsByItsStartItsTimeAndWhatProaAdded) {
  catalog_.put("f");
  const auto counts = of("f");
  auto cold = ran(model::Start::cold, 700);
  cold.init_duration = microseconds(2'000);
  counters_.count(*counts, cold, microseconds(2'950));
  counters_.count(*counts, ran(model::Start::warm, 400), microseconds(430));
  const CallCounts all = counters_.collect();
  ASSERT_EQ(all.functions.size(), 1U);
  const FunctionCounts& f = all.functions[0].counts;
  EXPECT_EQ(f.starts[static_cast<std::size_t>(model::Start::cold)], 1U);
  EXPECT_EQ(f.starts[static_cast<std::size_t>(model::Start::warm)], 1U);
  EXPECT_EQ(f.durations.counts[0], 1U);  // up to 500 us
  EXPECT_EQ(f.durations.counts[1], 1U);
  EXPECT_EQ(f.durations.sum_us, 1'100U);
  EXPECT_EQ(f.inits.sum_us, 2'000U);
  EXPECT_EQ(all.overheads[static_cast<std::size_t>(model::Start::cold)].sum_us, 250U);
  EXPECT_EQ(all.overheads[static_cast<std::size_t>(model::Start::warm)].sum_us, 30U);
}

TEST_F(CallCountersTest, FailuresThrottlesAndRefusalsAreToldApart) {
  catalog_.put("f");
  const auto counts = of("f");
  auto failed = ran(model::Start::warm, 1);
  failed.function_error = "Unhandled";
  failed.failure = model::FailureKind::timeout;
  counters_.count(*counts, failed, microseconds(2));
  CallCounters::count_refusal(*counts, Error(Errc::throttled,
                                             "ReservedFunctionConcurrent"
                                             "InvocationLimitExceeded"));
  CallCounters::count_refusal(*counts, Error(Errc::throttled, "ConcurrentInvocationLimitExceeded"));
  counters_.count(*counts,
                  Error(Errc::throttled, "ConcurrentInvocationLimitExceeded: host memory: none"),
                  microseconds(1));
  counters_.count(*counts, Error(Errc::exhausted, "no slot"), microseconds(1));
  const FunctionCounts f = counters_.collect().functions.at(0).counts;
  EXPECT_EQ(f.failures[static_cast<std::size_t>(model::FailureKind::timeout)], 1U);
  EXPECT_EQ(f.throttles, (std::array<std::uint64_t, kLimits>{1, 1, 1}));
  EXPECT_EQ(f.refusals[static_cast<std::size_t>(Errc::exhausted)], 1U);
  EXPECT_EQ(f.starts[static_cast<std::size_t>(model::Start::warm)], 1U);
}

TEST_F(CallCountersTest, AnUpdatedFunctionGoesOnCountingWhereItWas) {
  catalog_.put("f");
  counters_.count(*of("f"), ran(model::Start::warm, 1), microseconds(1));
  catalog_.put("f");
  counters_.count(*of("f"), ran(model::Start::warm, 1), microseconds(1));
  const CallCounts all = counters_.collect();
  ASSERT_EQ(all.functions.size(), 1U);
  EXPECT_EQ(all.functions[0].counts.starts[0], 2U);
}

TEST_F(CallCountersTest, ADeletedFunctionIsForgottenAndItsRunningCallMayEnd) {
  catalog_.put("f");
  catalog_.put("g");
  const auto running = of("f");
  of("g");
  catalog_.records.erase("f");
  const CallCounts all = counters_.collect();
  ASSERT_EQ(all.functions.size(), 1U);
  EXPECT_EQ(all.functions[0].name, "g");
  counters_.count(*running, ran(model::Start::warm, 1), microseconds(1));
  EXPECT_EQ(counters_.size(), 1U);
}

TEST_F(CallCountersTest, FunctionsThatComeAndGoTakeNoMemoryThoughNobodyCollects) {
  for (int i = 0; i < 5'000; ++i) {
    const std::string name = "f" + std::to_string(i);
    catalog_.put(name);
    of(name);
    catalog_.records.erase(name);
  }
  EXPECT_LE(counters_.size(), 1'024U);
}

TEST_F(CallCountersTest, RunningCallsAreThoseOfTheAdmission) {
  catalog_.put("f");
  const auto admitted = admission_.counts_of(*catalog_.records["f"].latest);
  of("f");
  const auto slot = admission_.enter(admitted, std::nullopt, 0);
  ASSERT_TRUE(slot);
  const CallCounts all = counters_.collect();
  EXPECT_EQ(all.functions.at(0).running, 1U);
  EXPECT_EQ(all.functions.at(0).running_in_account, 1U);
}

}  // namespace
}  // namespace proa::dispatch
