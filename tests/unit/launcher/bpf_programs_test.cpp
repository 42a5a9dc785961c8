#include "launcher/net/bpf_programs.h"

#include <gtest/gtest.h>

#include <array>

extern const unsigned char proa_rewrite_object[];
extern const std::size_t proa_rewrite_object_size;

namespace proa::launcher::net {
namespace {

TEST(BpfPrograms, WhatIsNoObjectFileIsRefusedByItsName) {
  const std::array<unsigned char, 8> bytes{'n', 'o', 'n', 's', 'e', 'n', 's', 'e'};
  const auto loaded = BpfPrograms::load(bytes, "juggling");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), Errc::unsupported);
  EXPECT_TRUE(loaded.error().message().starts_with("load the juggling program (eBPF): "))
      << loaded.error().message();
}

TEST(BpfPrograms, PartsAreFoundByNameAndAMissingOneIsNamed) {
  const auto loaded = BpfPrograms::load({proa_rewrite_object, proa_rewrite_object_size}, "own");
  if (!loaded && loaded.error().code() == Errc::denied) GTEST_SKIP() << "needs CAP_BPF";
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_GE(loaded.value().program("from_env").value(), 0);
  EXPECT_GE(loaded.value().map("environments").value(), 0);
  for (const auto& missing : {loaded.value().program("no_such"), loaded.value().map("no_such")}) {
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Errc::internal);
    EXPECT_NE(missing.error().message().find("no_such"), std::string::npos);
  }
}

}  // namespace
}  // namespace proa::launcher::net
