#include "os/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace proa::os {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesWhatItHolds) {
  const int fd = open_null();
  {
    const UniqueFd held(fd);
    EXPECT_TRUE(held);
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, MovingHandsOverAndClosesWhatWasHeldBefore) {
  UniqueFd first(open_null());
  UniqueFd second(open_null());
  const int moved = first.get();
  const int closed = second.get();
  second = std::move(first);
  EXPECT_EQ(second.get(), moved);
  EXPECT_FALSE(is_open(closed));
  EXPECT_TRUE(is_open(moved));
}

TEST(UniqueFd, ReleaseGivesAwayAndResetTakesAnother) {
  UniqueFd held(open_null());
  const int given = held.release();
  EXPECT_FALSE(held);
  EXPECT_TRUE(is_open(given));
  held.reset(given);
  held.reset();
  EXPECT_FALSE(is_open(given));
}

TEST(UniqueFd, HoldsNoneAtFirst) { EXPECT_FALSE(UniqueFd()); }

}  // namespace
}  // namespace proa::os
