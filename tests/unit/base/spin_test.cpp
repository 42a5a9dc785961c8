#include "base/spin.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

namespace proa {
namespace {

using std::chrono::microseconds;

TEST(SpinPolicy, SpinsWhileNothingIsInFlightAndSpinsHit) {
  SpinPolicy policy;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(policy.wants_to_spin(1));
    ASSERT_TRUE(policy.wants_to_spin(0));
    policy.note(true);
  }
}

TEST(SpinPolicy, ASpinInVainMakesItSkipMoreAndMoreUntilOneHits) {
  SpinPolicy policy;
  std::vector<int> skips;
  for (int miss = 0; miss < 12; ++miss) {
    int skipped = 0;
    while (!policy.wants_to_spin(0)) ++skipped;
    policy.note(false);
    skips.push_back(skipped);
  }
  EXPECT_EQ(skips, (std::vector<int>{0, 1, 3, 7, 15, 31, 63, 127, 255, 255, 255, 255}));
  while (!policy.wants_to_spin(0)) {
  }
  policy.note(true);
  EXPECT_TRUE(policy.wants_to_spin(0));
}

TEST(SpinPolicy, DoesNotSpinWhereManyCallsAreUsual) {
  SpinPolicy policy;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(policy.wants_to_spin(8));
  EXPECT_FALSE(policy.wants_to_spin(0));
}

TEST(RunSpinning, RunsEverythingAndEndsWithTheWork) {
  for (const microseconds limit : {microseconds(0), microseconds(50)}) {
    boost::asio::io_context io;
    int ran = 0;
    boost::asio::post(io, [&] { ++ran; });
    boost::asio::steady_timer timer(io, std::chrono::milliseconds(5));
    timer.async_wait([&](boost::system::error_code) { ++ran; });
    run_spinning(io, limit, [] { return std::size_t{0}; });
    EXPECT_EQ(ran, 2);
  }
}

}  // namespace
}  // namespace proa
