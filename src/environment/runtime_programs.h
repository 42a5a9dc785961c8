// Which interpreter of this host runs which Lambda runtime.
#pragma once

#include "base/decision_record.h"
#include "base/result.h"
#include "environment/interpreters.h"
#include "model/function.h"
#include "sandbox/sandbox.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::environment {

/// What a runtime process speaks with us: our own bootstraps frames, a custom runtime HTTP.
enum class Protocol { frames, http };

/// A program that can serve runtimes: how to start it, and which.
struct RuntimeProgram {
  std::string family;   ///< "python3.11", "nodejs20.x": key of parked environments
  std::string version;  ///< "3.11.2"; empty for custom runtimes
  Protocol protocol = Protocol::frames;
  std::string library_folder;       ///< where it finds its own library: outside /usr, else empty
  sandbox::RuntimeCommand command;  ///< no arguments: the package's own `bootstrap`
  /// What the function's environment says of it (PATH, LD_LIBRARY_PATH, NODE_PATH) where the
  /// function does not set the same variable.
  std::map<std::string, std::string> variables;
};

struct RuntimeOptions {
  bool is_exact = false;  ///< only the very version that a function names (--runtime-exact)
  bool has_python_modules = false;  ///< /var/runtime/python_modules holds bundled packages
};

/// The interpreters of this host. Built once by main; read-only afterwards, any thread.
class RuntimePrograms {
 public:
  /// `interpreters` as find_interpreters() and complete_versions() left them.
  explicit RuntimePrograms(std::vector<Interpreter> interpreters, RuntimeOptions options = {});

  /// The program that runs `runtime` ("python3.12", "nodejs22.x"): that version, else the nearest
  /// of the language, of two the newer. Errc: unsupported (names what there is and what to
  /// do).
  Result<RuntimeProgram> find(std::string_view runtime) const;
  /// The same for a version: that of a container image is in its image. Errc: as find().
  Result<RuntimeProgram> find(const model::FunctionVersion& function) const;
  /// Version of the interpreter that will run `runtime`; none for custom runtimes. Errc: as find().
  Result<std::optional<std::string>> version_of(std::string_view runtime) const;
  /// The choice that find() makes: every interpreter with what speaks for or against it.
  DecisionRecord explain(std::string_view runtime) const;
  /// The same for a version, which may be of a container image.
  DecisionRecord explain(const model::FunctionVersion& function) const;
  const std::vector<Interpreter>& interpreters() const { return interpreters_; }
  bool is_exact() const { return options_.is_exact; }

 private:
  Result<const Interpreter*> choose(std::string_view runtime) const;
  std::string installed() const;

  std::vector<Interpreter> interpreters_;
  RuntimeOptions options_;
};

}  // namespace proa::environment
