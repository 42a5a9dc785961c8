// Which runtime identifiers exist, and which of them Proa runs. Private to api/.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace proa::api {

/// Errc: unsupported (a runtime of AWS that Proa does not run yet, named), invalid (Lambda's text
/// for an identifier that does not exist).
Result<void> check_runtime(std::string_view runtime);
/// An identifier of Lambda, whether Proa runs it or not.
bool is_known_runtime(std::string_view runtime);
/// All of them, as Lambda prints a list: "[nodejs, ...]".
std::string known_runtimes();
/// A custom runtime: it finds its handler itself, so none need be given.
bool is_custom_runtime(std::string_view runtime);

}  // namespace proa::api
