// The exact version of an interpreter: from its C headers, or from itself.
#pragma once

#include "base/result.h"
#include "environment/interpreters.h"

#include <string>
#include <vector>

namespace proa::environment {

/// "3.12.1" from patchlevel.h or node_version.h below the prefix; empty if there are none.
std::string version_in_headers(const Interpreter& interpreter);

/// Runs `executable --version` with an empty environment, for 5 s at most. Not as root: it may be
/// anybody's program. Errc: not_found, os, deadline, corrupt (it printed no version).
Result<std::string> ask_version(const std::filesystem::path& executable);

}  // namespace proa::environment
