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

/// "Runtime exited with error: exit status 127", "...: signal: killed", or "Runtime exited without
/// providing a reason" for status 0. Signal names as Go prints them, which Lambda does.
std::string exit_text(const sandbox::RuntimeExit& exit);

/// Lambda's text for an answer over 6 MiB + 100 B.
std::string too_large_text();

}  // namespace proa::environment
