#include "environment/memory_peak.h"

#include "support/fake_sandboxes.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace proa::environment {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class MemoryPeakTest : public ::testing::Test {
 protected:
  /// After a call of that length which begins `pause` after the last one.
  Bytes call(microseconds ran, microseconds pause = microseconds(10)) {
    now_ += pause + ran;
    return peak_.after_call(sandbox_, now_, ran);
  }

  boost::asio::io_context io_{1};
  sandbox::FakeWorld world_{io_.get_executor()};
  sandbox::FakeSandbox sandbox_{io_.get_executor(), world_, {model::Isolation::container, 512}};
  SteadyTime now_{std::chrono::hours(1)};
  MemoryPeak peak_;
};

TEST_F(MemoryPeakTest, TheFirstCallIsRead) {
  world_.memory_peak = Bytes::mib(20);
  EXPECT_EQ(call(microseconds(50)), Bytes::mib(20));
}

TEST_F(MemoryPeakTest, ShortCallsAreReadOnceTheyRanForAMillisecond) {
  world_.memory_peak = Bytes::mib(20);
  call(microseconds(50));
  world_.memory_peak = Bytes::mib(21);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(call(microseconds(100)), Bytes::mib(20));
  EXPECT_EQ(call(microseconds(100)), Bytes::mib(21));
  EXPECT_EQ(world_.peak_readings, 2);
}

TEST_F(MemoryPeakTest, ALongCallSaysWhatItUsedItself) {
  call(microseconds(50));
  world_.memory_peak = Bytes::mib(100);
  EXPECT_EQ(call(milliseconds(1)), Bytes::mib(100));
}

TEST_F(MemoryPeakTest, AReadingIsNeverOlderThanTenMilliseconds) {
  call(microseconds(50));
  world_.memory_peak = Bytes::mib(100);
  EXPECT_EQ(call(microseconds(50), milliseconds(10)), Bytes::mib(100));
}

TEST_F(MemoryPeakTest, AKernelThatDoesNotCountSaysZero) {
  EXPECT_EQ(call(microseconds(50)), Bytes());
}

}  // namespace
}  // namespace proa::environment
