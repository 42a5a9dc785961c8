#include "environment/runtime_programs.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

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

/// What the choice of an interpreter depends on.
struct RuntimeFacts {
  Language language = Language::python;
  int generation = 0;
  bool is_exact = false;
};

constexpr std::string_view kSameLanguage = "interpreter of that language";

const std::array<MustHave<RuntimeFacts, Interpreter>, 2> kMustHaves = {{
    {kSameLanguage, [](const RuntimeFacts& facts,
                       const Interpreter& one) { return one.language == facts.language; }},
    {"very same version (--runtime-exact)",
     [](const RuntimeFacts& facts, const Interpreter& one) {
       return !facts.is_exact || one.generation == facts.generation;
     }},
}};

/// How far it is from the version that is asked for; of two as far, the newer is nearer.
double distance(const RuntimeFacts& facts, const Interpreter& one) {
  const int away = one.generation - facts.generation;
  return std::abs(away) - (away > 0 ? 0.5 : 0);
}

Decision decide_runtime(const RuntimeFacts& facts, const std::vector<Interpreter>& all) {
  return decide<RuntimeFacts, Interpreter>(facts, all, kMustHaves, distance);
}

// provided.*: the program is in the package (runtime_start.h).
RuntimeProgram custom_program() {
  RuntimeProgram program;
  program.family = "provided";
  program.protocol = Protocol::http;
  program.variables = {{"PATH", kPath}, {"LD_LIBRARY_PATH", kLibraryPath}};
  return program;
}

/// Of an interpreter in a runtime image, which stands where it was made for. Errc: unsupported.
Result<RuntimeProgram> root_program(const model::FunctionVersion& function,
                                    const RuntimeOptions& options) {
  const model::RuntimeRoot& root = *function.root;
  Interpreter interpreter;
  if (!parse_runtime(function.runtime, interpreter.language, interpreter.generation)) {
    return Error(Errc::unsupported,
                 "The runtime " + function.runtime + " is not supported by Proa yet");
  }
  interpreter.version = root.language_version;
  interpreter.executable = root.program;
  interpreter.is_in_usr = true;
  RuntimeProgram program = program_of(interpreter, options);
  program.command.arguments.front() = root.program;
  return program;
}

// Lambda's PATH is for images that say none.
RuntimeProgram image_program() {
  RuntimeProgram program;
  program.family = "image";
  program.protocol = Protocol::http;
  program.variables = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
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

Result<RuntimeProgram> RuntimePrograms::find(const model::FunctionVersion& function) const {
  if (function.image) return image_program();
  if (function.root && !function.root->program.empty()) return root_program(function, options_);
  return find(function.runtime);
}

Result<std::optional<std::string>> RuntimePrograms::version_of(std::string_view runtime) const {
  if (runtime.starts_with("provided")) return std::optional<std::string>();
  TRY(const Interpreter* chosen, choose(runtime));
  return std::optional<std::string>(chosen->version);
}

Result<const Interpreter*> RuntimePrograms::choose(std::string_view runtime) const {
  RuntimeFacts facts;
  facts.is_exact = options_.is_exact;
  const std::string name(runtime);
  if (!parse_runtime(runtime, facts.language, facts.generation)) {
    return Error(Errc::unsupported, "The runtime " + name + " is not supported by Proa yet");
  }
  const Decision decision = decide_runtime(facts, interpreters_);
  if (decision.chosen) return &interpreters_[*decision.chosen];
  const bool has_language = std::ranges::any_of(
      decision.verdicts, [](const Verdict& one) { return one.missing != kSameLanguage; });
  if (!has_language) {
    const bool is_python = facts.language == Language::python;
    return Error(Errc::unsupported,
                 "There is no " + std::string(is_python ? "Python" : "Node.js") +
                     " on this host for runtime " + name + ": install the package " +
                     (is_python ? "python3" : "nodejs") + ", or start proa serve with --runtime");
  }
  return Error(Errc::unsupported, "Runtime " + name +
                                      " is not installed on this host, and proa serve was told to "
                                      "take no other version (--runtime-exact). Installed: " +
                                      installed());
}

DecisionRecord RuntimePrograms::explain(std::string_view runtime) const {
  DecisionRecord record;
  record.decision = "runtime";
  record.unit = " generations away";
  record.inputs = {{"Runtime", std::string(runtime), "function configuration"},
                   {"exact version only", options_.is_exact ? "yes" : "no",
                    from_flag("--runtime-exact", !options_.is_exact)}};
  if (runtime.starts_with("provided")) {
    record.chosen = "bootstrap of the package";
    record.reason = "a custom runtime brings its own";
    return record;
  }
  RuntimeFacts facts;
  facts.is_exact = options_.is_exact;
  if (parse_runtime(runtime, facts.language, facts.generation)) {
    const std::span<const Interpreter> all(interpreters_);
    record.candidates = recorded(decide_runtime(facts, interpreters_), all,
                                 [](const Interpreter& one) { return one.runtime(); });
    for (std::size_t i = 0; i < all.size(); ++i) {
      record.candidates[i].detail =
          all[i].version + " at " + all[i].executable.string() + ", found in " + all[i].place;
    }
  }
  const auto chosen = choose(runtime);
  if (!chosen) {
    record.reason = chosen.error().message();
    return record;
  }
  const Interpreter& one = *chosen.value();
  record.chosen = one.runtime();
  record.reason = one.generation == facts.generation
                      ? "the very version"
                      : "the nearest version of the language; of two, the newer";
  record.outcome = one.version + " at " + one.executable.string();
  return record;
}

DecisionRecord RuntimePrograms::explain(const model::FunctionVersion& function) const {
  if (!function.image && !function.root) return explain(function.runtime);
  DecisionRecord record;
  record.decision = "runtime";
  record.unit = " generations away";
  if (function.root) {
    const model::RuntimeRoot& root = *function.root;
    record.inputs = {{"Runtime", function.runtime, "function configuration"},
                     {"runtime image", root.name, "tag proa:runtime"}};
    record.chosen = root.program.empty() ? "bootstrap of the package" : function.runtime;
    record.reason = root.program.empty() ? "a custom runtime brings its own"
                                         : "a runtime image runs what it has, and nothing near it";
    record.outcome = root.program.empty() ? "in the root of the image"
                                          : root.language_version + " at " + root.program;
    return record;
  }
  record.inputs = {{"ImageUri", function.image->uri, "function configuration"}};
  record.chosen = "program of the image";
  record.reason = "a container image brings its own";
  record.outcome = function.image->program;
  return record;
}

std::string RuntimePrograms::installed() const {
  std::string text;
  for (const Interpreter& one : interpreters_) {
    text.append(text.empty() ? "" : ", ").append(one.runtime());
  }
  return text;
}

}  // namespace proa::environment
