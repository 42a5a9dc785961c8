#include "environment/failure.h"

#include <gtest/gtest.h>

#include <csignal>

namespace proa::environment {
namespace {

sandbox::RuntimeExit exit_of(int wait_status) {
  sandbox::RuntimeExit exit;
  exit.wait_status = wait_status;
  return exit;
}

TEST(Failure, ExitsAreWordedAsOnLambda) {
  EXPECT_EQ(exit_text(exit_of(0)), "Runtime exited without providing a reason");
  EXPECT_EQ(exit_text(exit_of(127 << 8)), "Runtime exited with error: exit status 127");
  EXPECT_EQ(exit_text(exit_of(SIGKILL)), "Runtime exited with error: signal: killed");
  EXPECT_EQ(exit_text(exit_of(SIGSEGV | 0x80)),
            "Runtime exited with error: signal: segmentation fault");
}

TEST(Failure, PlatformErrorsNameTheRequest) {
  EXPECT_EQ(platform_error("Sandbox.Timedout", "id-1", timeout_text(std::chrono::seconds(3))),
            R"({"errorType":"Sandbox.Timedout",)"
            R"("errorMessage":"RequestId: id-1 Error: Task timed out after 3.00 seconds"})");
}

TEST(Failure, TheTooLargeTextNamesLambdasLimit) {
  EXPECT_EQ(too_large_text(),
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).");
}

}  // namespace
}  // namespace proa::environment
