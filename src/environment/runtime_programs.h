// Which interpreter of this host runs which Lambda runtime.
#pragma once

#include "base/result.h"
#include "sandbox/sandbox.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::environment {

/// A program that can serve runtimes: how to start it, and which.
struct RuntimeProgram {
  std::string family;   ///< "python", "nodejs": key of parked environments
  std::string version;  ///< "3.11", or empty when only the running interpreter knows
  sandbox::RuntimeCommand command;
};

/// The interpreters found on this host. Built once by main; read-only afterwards, any thread.
class RuntimePrograms {
 public:
  /// Looks for interpreters below `usr` ("/usr").
  static RuntimePrograms discover(const std::filesystem::path& usr);

  /// The program that runs `runtime` ("python3.12", "nodejs22.x"): the nearest installed version of
  /// that language. Errc: unsupported (no interpreter of the language; names what to install).
  Result<RuntimeProgram> find(std::string_view runtime) const;
  /// Version of the interpreter that will run `runtime`, where known before it starts.
  std::optional<std::string> version_of(std::string_view runtime) const;

 private:
  std::vector<RuntimeProgram> programs_;
};

}  // namespace proa::environment
