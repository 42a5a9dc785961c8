#include "cli/words.h"

#include <CLI/CLI.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace proa::cli {
namespace {

constexpr const char* kSays = "Its name, NAME:QUALIFIER or ARN";

/// An empty name would be another path of the API.
std::string problem_of(const std::string& name) {
  return name.empty() ? std::string("the name of a function is empty") : std::string();
}

}  // namespace

CLI::Option* add_function(CLI::App& verb, std::string& name) {
  return verb.add_option("name", name, kSays)
      ->required()
      ->type_name(kFunctionName)
      ->check(problem_of);
}

CLI::Option* add_functions(CLI::App& verb, std::vector<std::string>& names) {
  return verb.add_option("name", names, kSays)
      ->required()
      ->type_name(kFunctionName)
      ->check(problem_of);
}

CLI::Option* add_json(CLI::App& verb, bool& is_json) {
  return verb.add_flag("--json", is_json, "Print one JSON document, for programs");
}

Result<std::string> read_file(const std::string& path) {
  const auto failure = [&] {
    return Error(Errc::invalid, "cannot read " + path + ": " + std::strerror(errno));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             std::fclose);
  if (file == nullptr) return failure();
  std::string bytes;
  std::array<char, 64 * 1024> part{};
  while (const std::size_t got = std::fread(part.data(), 1, part.size(), file.get())) {
    bytes.append(part.data(), got);
  }
  if (std::ferror(file.get()) != 0) return failure();
  return bytes;
}

}  // namespace proa::cli
