#include "environment/failure.h"

#include "environment/runtime_start.h"
#include "runtime_api/runtime_api.h"

#include <boost/json.hpp>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
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

// "Permission denied" as "permission denied".
std::string go_error(int error) {
  std::string text = std::strerror(error);
  if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z') {
    text.front() = static_cast<char>(text.front() - 'A' + 'a');
  }
  return text;
}

ExitDescription describe_entrypoint(int error, std::string_view program) {
  ExitDescription description;
  description.type = "Runtime.InvalidEntrypoint";
  if (error == ENOENT && program == kBootstraps[std::size(kBootstraps) - 1]) {
    description.text = "Couldn't find valid bootstrap(s): [";
    for (const std::string_view bootstrap : kBootstraps) {
      if (bootstrap != kBootstraps[0]) description.text += " ";
      description.text += bootstrap;
    }
    description.text += "]";
    return description;
  }
  description.text = "fork/exec " + std::string(program) + ": " + go_error(error);
  return description;
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

ExitDescription describe(const sandbox::RuntimeExit& exit, std::string_view program) {
  if (exit.exec_errno != 0) return describe_entrypoint(exit.exec_errno, program);
  ExitDescription description;
  description.type = "Runtime.ExitError";
  if (WIFSIGNALED(exit.wait_status)) {
    description.text =
        "Runtime exited with error: signal: " + signal_name(WTERMSIG(exit.wait_status));
  } else if (WEXITSTATUS(exit.wait_status) != 0) {
    description.text =
        "Runtime exited with error: exit status " + std::to_string(WEXITSTATUS(exit.wait_status));
  } else {
    description.text = "Runtime exited without providing a reason";
  }
  return description;
}

std::string too_large_text() {
  return "Response payload size exceeded maximum allowed payload size (" +
         std::to_string(runtime_api::kMaxAnswer) + " bytes).";
}

}  // namespace proa::environment
