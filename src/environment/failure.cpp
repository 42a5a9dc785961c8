#include "environment/failure.h"

#include "runtime_api/runtime_api.h"

#include <boost/json.hpp>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace proa::environment {
namespace {

std::string signal_name(int signal) {
  switch (signal) {
    case SIGHUP:
      return "hangup";
    case SIGINT:
      return "interrupt";
    case SIGQUIT:
      return "quit";
    case SIGILL:
      return "illegal instruction";
    case SIGTRAP:
      return "trace/breakpoint trap";
    case SIGABRT:
      return "aborted";
    case SIGBUS:
      return "bus error";
    case SIGFPE:
      return "floating point exception";
    case SIGKILL:
      return "killed";
    case SIGSEGV:
      return "segmentation fault";
    case SIGPIPE:
      return "broken pipe";
    case SIGALRM:
      return "alarm clock";
    case SIGTERM:
      return "terminated";
    default:
      return "signal " + std::to_string(signal);
  }
}

}  // namespace

std::string platform_error(std::string_view type, std::string_view request_id,
                           std::string_view text) {
  boost::json::object out;
  out["errorType"] = type;
  out["errorMessage"] = "RequestId: " + std::string(request_id) + " Error: " + std::string(text);
  return boost::json::serialize(out);
}

std::string timeout_text(std::chrono::seconds timeout) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "Task timed out after %lld.00 seconds",
                static_cast<long long>(timeout.count()));
  return text.data();
}

std::string exit_text(const sandbox::RuntimeExit& exit) {
  if (exit.exec_errno != 0) {
    return std::string("Runtime could not be executed: ") + std::strerror(exit.exec_errno);
  }
  if (WIFSIGNALED(exit.wait_status)) {
    return "Runtime exited with error: signal: " + signal_name(WTERMSIG(exit.wait_status));
  }
  if (WEXITSTATUS(exit.wait_status) != 0) {
    return "Runtime exited with error: exit status " +
           std::to_string(WEXITSTATUS(exit.wait_status));
  }
  return "Runtime exited without providing a reason";
}

std::string too_large_text() {
  return "Response payload size exceeded maximum allowed payload size (" +
         std::to_string(runtime_api::kMaxAnswer) + " bytes).";
}

}  // namespace proa::environment
