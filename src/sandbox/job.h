// A program that is run in a container for what it makes: images, kernels.
#pragma once

#include "sandbox/sandbox.h"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace proa::sandbox {

/// What is run, and with what. It has the largest /tmp there is, and no network unless the
/// assignment gives it some.
struct ContainerJob {
  Assignment assignment;
  std::vector<std::string> arguments;  ///< the first is the program, its path inside
  int input = -1;    ///< a file whose bytes it reads by descriptor 3; -1: none. Borrowed
  int product = -1;  ///< a file that gets what it writes to descriptor 4. Borrowed
  int stopped = -1;  ///< ends it when this is readable; -1: nothing does. Borrowed
  Bytes product_most;
  std::chrono::milliseconds limit{0};  ///< of all of it
};

/// Runs it as function code runs, and gives its last words, 2 KiB of what it printed at most. On
/// the executor of the containers; `blocking` moves the bytes. The container is gone when this
/// ends. Errc: unavailable (it failed; with its words), unsupported (it ended with 127: a program
/// is missing; likewise), too_large (the product), deadline, cancelled (`stopped`), not_found
/// (tree), exhausted, os.
Task<std::string> run_job(SandboxFactory& containers, boost::asio::thread_pool& blocking,
                          ContainerJob job);

}  // namespace proa::sandbox
