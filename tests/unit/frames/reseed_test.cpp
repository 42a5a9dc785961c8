// The host's own generator: what is added to it can only do it good.
#include "frames/init/reseed.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace proa::frames::init {
namespace {

TEST(Reseed, TakesWhatTheHostGives) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs CAP_SYS_ADMIN";
  std::array<std::byte, 64> entropy{};
  entropy[7] = std::byte{9};
  const char* failed = reseed(entropy);
  EXPECT_EQ(failed, nullptr) << failed << ": " << std::strerror(errno);
}

TEST(Reseed, RefusesMoreThanItHasRoomFor) {
  const std::array<std::byte, 65> entropy{};
  EXPECT_STREQ(reseed(entropy), "by so much entropy");
  EXPECT_EQ(errno, EINVAL);
}

}  // namespace
}  // namespace proa::frames::init
