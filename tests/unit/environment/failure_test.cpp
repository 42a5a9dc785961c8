#include "environment/failure.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

namespace proa::environment {
namespace {

sandbox::RuntimeExit exit_of(int wait_status) {
  sandbox::RuntimeExit exit;
  exit.wait_status = wait_status;
  return exit;
}

std::string described(const sandbox::RuntimeExit& exit, std::string_view program = "/x") {
  const ExitDescription description = describe(exit, program);
  return description.type + " " + description.text;
}

TEST(Failure, ExitsAreWordedAsOnLambda) {
  EXPECT_EQ(described(exit_of(0)), "Runtime.ExitError Runtime exited without providing a reason");
  EXPECT_EQ(described(exit_of(127 << 8)),
            "Runtime.ExitError Runtime exited with error: exit status 127");
  EXPECT_EQ(described(exit_of(SIGKILL)),
            "Runtime.ExitError Runtime exited with error: signal: killed");
  EXPECT_EQ(described(exit_of(SIGSEGV | 0x80)),
            "Runtime.ExitError Runtime exited with error: signal: segmentation fault");
}

TEST(Failure, ProgramsThatCannotBeExecutedAreNamed) {
  sandbox::RuntimeExit exit;
  exit.exec_errno = EACCES;
  EXPECT_EQ(described(exit, "/var/task/bootstrap"),
            "Runtime.InvalidEntrypoint fork/exec /var/task/bootstrap: permission denied");
  exit.exec_errno = ENOENT;
  EXPECT_EQ(described(exit, "/opt/wrap"),
            "Runtime.InvalidEntrypoint fork/exec /opt/wrap: no such file or directory");
  EXPECT_EQ(described(exit, "/opt/bootstrap"),
            "Runtime.InvalidEntrypoint Couldn't find valid bootstrap(s): [/var/task/bootstrap "
            "/opt/bootstrap]");
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
