#include "kernels/kernels.h"
#include "unit/frames/await.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace proa::kernels {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// A kernel that boots with `least_mib` and keeps `kept_mib` of any machine.
class MeasureKernelTest : public testing::Test {
 protected:
  Result<Measurement> measure() {
    BootWith boot = [this](std::uint32_t memory_mib, milliseconds limit) {
      return boot_with(memory_mib, limit);
    };
    return frames::await(io_, measure_kernel(std::move(boot), 60s));
  }
  Task<MeasuredBoot> boot_with(std::uint32_t memory_mib, milliseconds limit) {
    tried_.push_back(memory_mib);
    limits_.push_back(limit);
    if (failure_ && tried_.size() > 3) co_return *failure_;
    if (memory_mib < least_mib_) co_return Error(Errc::deadline, "the guest did not answer");
    MeasuredBoot booted;
    booted.accelerator = "tcg";
    booted.took = took_[tried_.size() % took_.size()];
    booted.available = Bytes::kib((memory_mib - kept_mib_) * 1024U + 1);
    if (is_silent_) booted.available = Bytes();
    co_return booted;
  }

  boost::asio::io_context io_{1};
  std::uint32_t least_mib_ = 30;
  std::uint32_t kept_mib_ = 25;
  std::vector<milliseconds> took_ = {700ms, 5'000ms, 650ms};
  bool is_silent_ = false;
  std::optional<Error> failure_;
  std::vector<std::uint32_t> tried_;
  std::vector<milliseconds> limits_;
};

TEST_F(MeasureKernelTest, TellsTheMiddleBootTheLeastMemoryAndWhatIsKept) {
  const auto measured = measure();
  ASSERT_TRUE(measured) << measured.error().message();
  EXPECT_EQ(measured.value().accelerator, "tcg");
  EXPECT_EQ(measured.value().boot, 700ms);
  EXPECT_EQ(measured.value().memory_min_mib, 30U);
  EXPECT_EQ(measured.value().memory_kept_mib, 25U) << "a part of one counts as one";
  EXPECT_LE(tried_.size(), 9U);
  EXPECT_EQ(limits_.front(), 60s);
  EXPECT_EQ(limits_.back(), 40s) << "eight times the longest that worked";
}

TEST_F(MeasureKernelTest, FindsTheLeastMemoryWhateverItIs) {
  for (const std::uint32_t least : {24U, 26U, 54U, 80U, 126U, 128U}) {
    least_mib_ = least;
    tried_.clear();
    const auto measured = measure();
    ASSERT_TRUE(measured) << measured.error().message();
    EXPECT_EQ(measured.value().memory_min_mib, least);
    EXPECT_GE(*std::min_element(tried_.begin(), tried_.end()), 24U);
  }
}

TEST_F(MeasureKernelTest, OneThatDoesNotBootIsNotMeasured) {
  least_mib_ = 256;
  const auto failed = measure();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::deadline);
  EXPECT_EQ(tried_.size(), 1U);
}

TEST_F(MeasureKernelTest, AHostThatFailsMeanwhileSaysNothingAboutTheKernel) {
  failure_ = Error(Errc::exhausted, "no slot");
  EXPECT_EQ(measure().error().code(), Errc::exhausted);
}

TEST_F(MeasureKernelTest, AnOlderProaInitDoesNotSayWhatThereIs) {
  is_silent_ = true;
  EXPECT_EQ(measure().error().code(), Errc::unsupported);
}

}  // namespace
}  // namespace proa::kernels
