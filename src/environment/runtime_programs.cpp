#include "environment/runtime_programs.h"

#include <algorithm>
#include <cstdlib>

namespace proa::environment {
namespace {

constexpr const char* kPath = "/opt/bin:/usr/local/bin:/usr/bin:/bin";
constexpr const char* kLibraryPath = "/opt/lib:/var/task:/var/task/lib";

std::string folder_of(const Interpreter& interpreter) {
  return "/var/lang/" + interpreter.runtime();
}

/// PATH and the library path of a function's processes: the interpreter's own folders come first,
/// as /var/lang does on Lambda. A Python built with a shared library finds it by them only, since
/// it stands in another place than it was built for.
std::map<std::string, std::string> function_paths(const Interpreter& interpreter) {
  std::map<std::string, std::string> variables = {{"PATH", kPath},
                                                  {"LD_LIBRARY_PATH", kLibraryPath}};
  if (!interpreter.is_in_usr) {
    const std::string folder = folder_of(interpreter);
    variables["PATH"] = folder + "/bin:" + kPath;
    variables["LD_LIBRARY_PATH"] = folder + "/lib:" + kLibraryPath;
  }
  if (interpreter.language == Language::node) {
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    variables["NODE_PATH"] = "/opt/nodejs/node" + std::to_string(interpreter.generation) +
                             "/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:"
                             "/var/runtime:/var/task";
  }
  return variables;
}

/// Environment a runtime starts in; `configure` replaces it when the function is known. Locale and
/// paths are those of functions, since a parked process keeps what it read at its start.
std::vector<std::string> start_variables(const std::map<std::string, std::string>& paths) {
  std::vector<std::string> variables = {"LANG=en_US.UTF-8", "TZ=:UTC", "PROA_RUNTIME_FD=3",
                                        "PROA_ANSWER_FD=4"};
  for (const auto& [name, value] : paths) variables.push_back(name + "=" + value);
  return variables;
}

RuntimeProgram program_of(const Interpreter& interpreter, const RuntimeOptions& options) {
  RuntimeProgram program;
  program.family = interpreter.runtime();
  program.version = interpreter.version;
  program.variables = function_paths(interpreter);
  if (!interpreter.is_in_usr) program.library_folder = folder_of(interpreter) + "/lib";
  const bool is_python = interpreter.language == Language::python;
  program.command.arguments = {interpreter.path_inside(), is_python
                                                              ? "/var/runtime/python/bootstrap.py"
                                                              : "/var/runtime/node/bootstrap.cjs"};
  program.command.environment = start_variables(program.variables);
  if (is_python && options.has_python_modules) {
    program.command.environment.emplace_back("PROA_BUNDLED_PYTHON=/var/runtime/python_modules");
  }
  return program;
}

// provided.*: the program is in the package (runtime_start.h).
RuntimeProgram custom_program() {
  RuntimeProgram program;
  program.family = "provided";
  program.protocol = Protocol::http;
  program.variables = {{"PATH", kPath}, {"LD_LIBRARY_PATH", kLibraryPath}};
  return program;
}

}  // namespace

RuntimePrograms::RuntimePrograms(std::vector<Interpreter> interpreters, RuntimeOptions options)
    : interpreters_(std::move(interpreters)), options_(options) {}

Result<RuntimeProgram> RuntimePrograms::find(std::string_view runtime) const {
  if (runtime.starts_with("provided")) return custom_program();
  TRY(const Interpreter* chosen, choose(runtime));
  return program_of(*chosen, options_);
}

Result<std::optional<std::string>> RuntimePrograms::version_of(std::string_view runtime) const {
  if (runtime.starts_with("provided")) return std::optional<std::string>();
  TRY(const Interpreter* chosen, choose(runtime));
  return std::optional<std::string>(chosen->version);
}

Result<const Interpreter*> RuntimePrograms::choose(std::string_view runtime) const {
  Language language{};
  int wanted = 0;
  const std::string name(runtime);
  if (!parse_runtime(runtime, language, wanted)) {
    return Error(Errc::unsupported, "The runtime " + name + " is not supported by Proa yet");
  }
  const Interpreter* nearest = nullptr;
  for (const Interpreter& one : interpreters_) {
    if (one.language != language) continue;
    const auto distance = [&](const Interpreter& of) {
      return std::pair(std::abs(of.generation - wanted), -of.generation);
    };
    if (nearest == nullptr || distance(one) < distance(*nearest)) nearest = &one;
  }
  if (nearest == nullptr) {
    const bool is_python = language == Language::python;
    return Error(Errc::unsupported,
                 "There is no " + std::string(is_python ? "Python" : "Node.js") +
                     " on this host for runtime " + name + ": install the package " +
                     (is_python ? "python3" : "nodejs") + ", or start proa serve with --runtime");
  }
  if (options_.is_exact && nearest->generation != wanted) {
    return Error(Errc::unsupported,
                 "Runtime " + name +
                     " is not installed on this host, and proa serve was told to "
                     "take no other version (--runtime-exact). Installed: " +
                     installed());
  }
  return nearest;
}

std::string RuntimePrograms::installed() const {
  std::string text;
  for (const Interpreter& one : interpreters_) {
    text.append(text.empty() ? "" : ", ").append(one.runtime());
  }
  return text;
}

}  // namespace proa::environment
