#include "os/file_extents.h"

#include "os/unique_fd.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>
#include <vector>

namespace proa::os {
namespace {

constexpr off_t kPage = 4096;
using Extents = std::vector<std::pair<off_t, off_t>>;

/// 64 pages in memory, of which these have a byte.
UniqueFd file_with(const std::vector<off_t>& pages) {
  UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::ftruncate(file.get(), 64 * kPage), 0);
  for (const off_t page : pages) EXPECT_EQ(::pwrite(file.get(), "x", 1, page * kPage + 7), 1);
  return file;
}

Extents extents_of(const UniqueFd& file) {
  Extents found;
  EXPECT_TRUE(for_each_extent(file.get(), 64 * kPage, [&](off_t begin, off_t end) {
    found.emplace_back(begin / kPage, end / kPage);
    return ok();
  }));
  return found;
}

TEST(FileExtents, AreThoseWithBytes) {
  EXPECT_THAT(extents_of(file_with({3, 4, 20, 63})),
              testing::ElementsAre(std::pair(3, 5), std::pair(20, 21), std::pair(63, 64)));
  EXPECT_THAT(extents_of(file_with({})), testing::IsEmpty());
}

TEST(FileExtents, EndWithTheFirstFailure) {
  int taken = 0;
  const auto file = file_with({3, 20});
  const auto failed = for_each_extent(file.get(), 64 * kPage, [&](off_t, off_t) -> Result<void> {
    ++taken;
    return Error(Errc::exhausted, "full");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "full");
  EXPECT_EQ(taken, 1);
}

TEST(FileExtents, NeedAFile) {
  EXPECT_FALSE(for_each_extent(-1, kPage, [](off_t, off_t) { return ok(); }));
}

}  // namespace
}  // namespace proa::os
