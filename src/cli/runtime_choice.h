// Which runtime and handler a package is deployed with, when nobody says. Private to cli/.
#pragma once

#include "cli/endpoint.h"
#include "packaging/packaging.h"

#include <optional>
#include <string>

namespace proa::cli {

struct RuntimeChoice {
  std::string runtime;
  std::string handler;
  std::string reason;  ///< what was guessed and from what; "" when nothing was
};

/// Fills in what is not given. Asks the daemon which interpreters it has. Errc: invalid (nothing or
/// more than one thing is possible: the message says what to give), and as ask().
Result<RuntimeChoice> choose_runtime(const Surroundings& around,
                                     const packaging::Contents& contents,
                                     const std::optional<std::string>& runtime,
                                     const std::optional<std::string>& handler);

}  // namespace proa::cli
