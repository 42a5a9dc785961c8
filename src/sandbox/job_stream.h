// What a program in a container reads and writes, from and to files. Private to sandbox/.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "os/unique_fd.h"

#include <string>

namespace proa::sandbox {

/// Our ends of what the program reads and writes, stream sockets or pipes, and the files behind.
struct JobStream {
  os::UniqueFd to_program;
  os::UniqueFd product;
  os::UniqueFd words;
  int input_file = -1;  ///< -1: it reads nothing. Borrowed, as the next
  int product_file = -1;
  int stopped = -1;  ///< -1: nothing stops it. Borrowed
};

/// Moves all bytes until the program has closed what it writes. Blocks. The last words of the
/// program, 2 KiB at most. Errc: too_large (the product has more than `most`), deadline, cancelled
/// (`stopped` became readable), exhausted (disk full), os.
Result<std::string> move_bytes(JobStream stream, Bytes most, SteadyTime deadline);

}  // namespace proa::sandbox
