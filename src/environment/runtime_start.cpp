#include "environment/runtime_start.h"

#include <algorithm>
#include <array>

namespace proa::environment {
namespace {

constexpr std::string_view kWrapper = "AWS_LAMBDA_EXEC_WRAPPER";
// Which variables take effect late was tried with both interpreters (runtimes/README.md).
constexpr std::array<std::string_view, 8> kStartPrefixes = {
    "PYTHON", "NODE_", "LD_", "MALLOC_", "OPENSSL_", "SSL_CERT_", "UV_", "LC_"};
constexpr std::array<std::string_view, 3> kStartNames = {kWrapper, "GLIBC_TUNABLES", "LANG"};
constexpr std::array<std::string_view, 2> kLateNames = {"NODE_ENV", "NODE_PATH"};

bool counts_at_start(std::string_view name) {
  if (std::ranges::find(kLateNames, name) != kLateNames.end()) return false;
  return std::ranges::find(kStartNames, name) != kStartNames.end() ||
         std::ranges::any_of(kStartPrefixes,
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
}

sandbox::RuntimeCommand image_command(const model::ImageCode& image,
                                      const std::map<std::string, std::string>& variables) {
  sandbox::RuntimeCommand command;
  command.directory = image.working_directory();
  command.arguments = image.arguments();
  // A name was looked up in PATH when the function was made.
  if (!command.arguments.empty() && !image.program.empty()) {
    command.arguments.front() = image.program;
  }
  for (const auto& [name, value] : variables) command.environment.push_back(name + "=" + value);
  return command;
}

}  // namespace

std::string_view start_variable(const model::FunctionVersion& function) {
  for (const auto& [name, value] : function.environment) {
    if (counts_at_start(name)) return name;
  }
  return {};
}

bool needs_own_start(const RuntimeProgram& program, const model::FunctionVersion& function) {
  return program.protocol == Protocol::http || !start_variable(function).empty();
}

sandbox::RuntimeCommand own_command(const RuntimeProgram& program,
                                    const model::FunctionVersion& function,
                                    const std::map<std::string, std::string>& variables,
                                    std::size_t bootstrap_index) {
  if (function.image) return image_command(*function.image, variables);
  sandbox::RuntimeCommand command;
  command.directory = "/var/task";
  for (const auto& [name, value] : variables) {
    // A Python outside /usr does not start without its library, whatever the function sets.
    const bool hides_library = name == "LD_LIBRARY_PATH" && !program.library_folder.empty() &&
                               !value.starts_with(program.library_folder);
    const std::string before = hides_library ? program.library_folder + ":" : std::string();
    command.environment.push_back(std::string(name).append("=").append(before).append(value));
  }
  if (program.protocol == Protocol::http) {
    command.arguments = {std::string(kBootstraps[bootstrap_index])};
    return command;
  }
  const auto wrapper = variables.find(std::string(kWrapper));
  if (wrapper != variables.end()) {
    // A relative one is sought from the working folder, as the shell of Lambda's bootstrap does.
    const bool is_absolute = wrapper->second.starts_with('/');
    command.arguments.push_back(is_absolute ? wrapper->second
                                            : command.directory + "/" + wrapper->second);
  }
  const auto& arguments = program.command.arguments;
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  // What the bootstrap itself needs of its start: the descriptor of the runtime link.
  for (const std::string& variable : program.command.environment) {
    if (variable.starts_with("PROA_")) command.environment.push_back(variable);
  }
  return command;
}

}  // namespace proa::environment
