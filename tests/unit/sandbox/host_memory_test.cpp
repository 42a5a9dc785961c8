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

}  // namespace
}  // namespace proa::sandbox
