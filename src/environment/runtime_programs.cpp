#include "environment/runtime_programs.h"

#include <algorithm>
#include <charconv>

namespace proa::environment {
namespace {

// Environment a runtime starts in; `configure` replaces it when the function is known. Locale and
// library paths are those of functions, since a parked process keeps what it read at its start.
const std::vector<std::string>& start_variables() {
  static const std::vector<std::string> variables = {
      "PATH=/opt/bin:/usr/local/bin:/usr/bin:/bin",
      "LD_LIBRARY_PATH=/opt/lib:/var/task:/var/task/lib",
      "LANG=en_US.UTF-8",
      "TZ=:UTC",
      "PROA_RUNTIME_FD=3",
  };
  return variables;
}

// "3.11" of "python3.11"; nothing for other names.
std::optional<std::string> python_version(const std::string& name) {
  constexpr std::string_view prefix = "python3.";
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::string minor = name.substr(prefix.size());
  if (minor.empty() || minor.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return "3." + minor;
}

int minor_of(std::string_view version) {
  const auto dot = version.find('.');
  int minor = 0;
  if (dot != std::string_view::npos) {
    std::from_chars(version.data() + dot + 1, version.data() + version.size(), minor);
  }
  return minor;
}

RuntimeProgram python_program(const std::string& name, std::string version) {
  RuntimeProgram program;
  program.family = name;
  program.version = std::move(version);
  program.command.arguments = {"/usr/bin/" + name, "/var/runtime/python/bootstrap.py"};
  program.command.environment = start_variables();
  return program;
}

RuntimeProgram node_program() {
  RuntimeProgram program;
  program.family = "nodejs";
  program.command.arguments = {"/usr/bin/node", "/var/runtime/node/bootstrap.cjs"};
  program.command.environment = start_variables();
  return program;
}

}  // namespace

RuntimePrograms RuntimePrograms::discover(const std::filesystem::path& usr) {
  RuntimePrograms found;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(usr / "bin", failed)) {
    const std::string name = entry.path().filename().string();
    if (auto version = python_version(name))
      found.programs_.push_back(python_program(name, *version));
  }
  if (std::filesystem::exists(usr / "bin/node", failed)) found.programs_.push_back(node_program());
  return found;
}

Result<RuntimeProgram> RuntimePrograms::find(std::string_view runtime) const {
  if (runtime.starts_with("nodejs")) {
    for (const RuntimeProgram& program : programs_) {
      if (program.family == "nodejs") return program;
    }
    return Error(Errc::unsupported, "no Node.js on this host for runtime " + std::string(runtime) +
                                        ": install the package nodejs");
  }
  if (!runtime.starts_with("python3.")) {
    return Error(Errc::unsupported,
                 "runtime " + std::string(runtime) + " is not supported by Proa yet");
  }
  const int wanted = minor_of(runtime.substr(std::string_view("python").size()));
  const RuntimeProgram* nearest = nullptr;
  for (const RuntimeProgram& program : programs_) {
    if (!program.family.starts_with("python")) continue;
    const auto distance = [&](const RuntimeProgram& one) {
      return std::abs(minor_of(one.version) - wanted);
    };
    if (nearest == nullptr || distance(program) < distance(*nearest)) nearest = &program;
  }
  if (nearest == nullptr) {
    return Error(Errc::unsupported, "no Python on this host for runtime " + std::string(runtime) +
                                        ": install the package python3");
  }
  return *nearest;
}

std::optional<std::string> RuntimePrograms::version_of(std::string_view runtime) const {
  auto program = find(runtime);
  if (!program || program.value().version.empty()) return std::nullopt;
  return program.value().version;
}

}  // namespace proa::environment
