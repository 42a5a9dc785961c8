#include "sandbox/host_memory.h"

#include <gtest/gtest.h>

namespace proa::sandbox {
namespace {

TEST(HostMemory, AContainerTakesWhatItsFunctionHas) {
  EXPECT_EQ(memory_on_host(model::Isolation::container, 128), Bytes::mib(128));
}

TEST(HostMemory, AMachineTakesItsKernelsAndQemusShareBeside) {
  const Bytes taken = memory_on_host(model::Isolation::microvm, 128);
  EXPECT_EQ(taken, Bytes::mib(guest_memory_mib(128) + kQemuMib));
  EXPECT_GT(guest_memory_mib(128), 128U);
}

TEST(HostMemory, AKernelThatWasMeasuredTakesWhatItTakes) {
  EXPECT_EQ(guest_memory_mib(128, 27), 155U);
  EXPECT_EQ(guest_memory_mib(128), 128U + kGuestKernelMib);
}

TEST(HostMemory, AKernelHasMoreToKeepAboutMoreMemory) {
  EXPECT_EQ(guest_memory_mib(129, 27), 129U + 27 + 1);
  const std::uint32_t large = guest_memory_mib(10'240, 27);
  EXPECT_GE(large - 27 - large / kPerPageRecord + kMeasuredMib / kPerPageRecord, 10'240U)
      << "the function has what it asked for";
  EXPECT_LT(large, 10'240U + 27 + 170);
}

}  // namespace
}  // namespace proa::sandbox
