// Where a sparse file has bytes. Blocks.
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <functional>

namespace proa::os {

/// Takes the bytes from `begin` to `end` of a file.
using ExtentTaker = std::function<Result<void>(off_t begin, off_t end)>;

/// Calls `take` with each part of the first `size` bytes that is no hole, in their order; the last
/// may end behind `size`. Moves where the descriptor stands. lseek(2), SEEK_DATA. Errc: os, as
/// `take`.
Result<void> for_each_extent(int file, off_t size, const ExtentTaker& take);

}  // namespace proa::os
