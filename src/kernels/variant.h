// The variants of guest kernels that can be built, as files say: runtimes/kernel. Private to
// kernels/.
//
//   variants      "NAME: FRAGMENT FRAGMENT.." a line
//   FRAGMENT.config   "CONFIG_NAME=VALUE" a line
//   gates         "CONFIG_NAME: WHAT WHAT..": what programs lose where that option is off
// Lines that begin with '#' are comments, in all of them.
#pragma once

#include "kernels/kernels.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace proa::kernels {

/// One of them; a value.
struct Variant {
  std::string name;
  std::vector<std::string> options;  ///< the lines of its fragments; each option once
  std::vector<Gate> lacks;           ///< of the options that it does not have
};

/// Errc: not_found (no such variant; names those that there are), corrupt (names the file and the
/// line), os.
Result<Variant> read_variant(const std::filesystem::path& folder, std::string_view name);

}  // namespace proa::kernels
