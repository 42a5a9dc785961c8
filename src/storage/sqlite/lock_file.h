// A lock that one process at a time can hold on a store's file.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <filesystem>

namespace proa::storage::sqlite {

/// Locks `<file>.lock` with flock(2) until the descriptor is closed; it holds the owner's pid for
/// whoever wonders. The lock goes with the last copy of the descriptor: a child forked without exec
/// keeps it. The lock file is never removed (removing it would let two processes lock two files of
/// the same name). Errc: conflict (another process, or this one, has it), exhausted, os.
Result<os::UniqueFd> lock_beside(const std::filesystem::path& file);

}  // namespace proa::storage::sqlite
