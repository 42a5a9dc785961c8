// Finds native code in a package that cannot run here, at upload instead of at the first call.
//
// Looked at: *.so, *.so.N, *.node and bootstrap. Refused: ELF files for another machine than the
// function's architecture, and extension modules built for another CPython or Node than the one
// that will run. Let pass, because packages ship such files on purpose and never load them: files
// below a folder named after a platform (prebuilds/linux-arm64/, python3.9/), modules that have a
// fitting sibling, and what is no ELF file.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace proa::catalog {

/// What the code must fit.
struct NativeTarget {
  std::string architecture;  ///< "x86_64" or "arm64"
  std::string runtime;       ///< "python3.11", "nodejs20.x" ...
  /// Version of the interpreter that will run it, e.g. "3.11" or "3.11.2"; none: not known.
  std::optional<std::string> interpreter_version;
};

/// Checks the unpacked tree. Blocks. Errc: invalid (names the file, what it is for and what was
/// needed), exhausted, os.
Result<void> check_native_modules(const std::filesystem::path& tree, const NativeTarget& target);

/// CPython's ABI number in a file name: "311" for "x.cpython-311-x86_64-linux-gnu.so" (PEP 3149).
std::optional<std::string> cpython_tag(std::string_view file_name);

}  // namespace proa::catalog
