// How Lambda words the failures that are the platform's to report.
#pragma once

#include "sandbox/sandbox.h"

#include <chrono>
#include <string>
#include <string_view>

namespace proa::environment {

/// {"errorType": type, "errorMessage": "RequestId: ID Error: text"} as Lambda answers for failures
/// that the runtime could not report itself.
std::string platform_error(std::string_view type, std::string_view request_id,
                           std::string_view text);

/// "Task timed out after 3.00 seconds".
std::string timeout_text(std::chrono::seconds timeout);

/// Lambda's error type and text for the end of a runtime process.
struct ExitDescription {
  std::string type;
  std::string text;
};

/// Runtime.ExitError: "Runtime exited with error: exit status 127", "...: signal: killed", or
/// "Runtime exited without providing a reason" for status 0. Runtime.InvalidEntrypoint where
/// `program` could not be executed: "fork/exec PROGRAM: permission denied", or, for a bootstrap
/// that is nowhere, "Couldn't find valid bootstrap(s): [...]". Errors and signals in the words of
/// Go, which Lambda uses.
ExitDescription describe(const sandbox::RuntimeExit& exit, std::string_view program);

/// Lambda's text for an answer over 6 MiB + 100 B.
std::string too_large_text();

}  // namespace proa::environment
