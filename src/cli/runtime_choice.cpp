#include "cli/runtime_choice.h"

#include "cli/answer.h"

#include <boost/json/array.hpp>

#include <algorithm>
#include <charconv>
#include <vector>

namespace proa::cli {
namespace {

using packaging::Guess;
using Language = packaging::Guess::Language;

constexpr const char* kCustom = "provided.al2023";

std::string_view name_of(Language language) {
  switch (language) {
    case Language::python:
      return "Python";
    case Language::node:
      return "Node.js";
    case Language::custom:
      return "a custom runtime";
  }
  return "";
}

std::optional<Language> language_of_runtime(std::string_view runtime) {
  if (runtime.starts_with("python")) return Language::python;
  if (runtime.starts_with("nodejs")) return Language::node;
  if (runtime.starts_with("provided")) return Language::custom;
  return std::nullopt;
}

/// "python3.11" is (3, 11): 3.9 comes before it.
std::pair<unsigned, unsigned> version_of(std::string_view runtime) {
  runtime.remove_prefix(std::min(runtime.find_first_of("0123456789"), runtime.size()));
  std::pair<unsigned, unsigned> version;
  const char* const end = runtime.data() + runtime.size();
  const auto major = std::from_chars(runtime.data(), end, version.first);
  if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.') {
    std::from_chars(major.ptr + 1, end, version.second);
  }
  return version;
}

/// The newest runtime of a language that the daemon can run.
Result<std::string> newest_runtime(const Surroundings& around, Language language) {
  if (language == Language::custom) return std::string(kCustom);
  TRY(const auto status, ask(around, "GET", "/proa/v1/status"));
  TRY(const auto interpreters, array_in(status, "interpreters"));
  std::string newest;
  for (const auto& each : interpreters) {
    const std::string runtime = text_in(each, "runtime");
    if (language_of_runtime(runtime) != language) continue;
    if (newest.empty() || version_of(newest) < version_of(runtime)) newest = runtime;
  }
  if (!newest.empty()) return newest;
  return Error(Errc::invalid, "The daemon has no " + std::string(name_of(language)) +
                                  "; install it on its machine, or give another --runtime");
}

Error nothing_found(const packaging::Contents& contents) {
  return Error(Errc::invalid,
               "Nothing at the top of " + contents.path.string() +
                   " looks like a handler (a .py file that defines lambda_handler or handler, a "
                   ".js or .mjs file that exports handler, or an executable bootstrap): give "
                   "--handler FILE.FUNCTION, and --runtime");
}

Error several_found(const packaging::Contents& contents, const std::vector<Guess>& guesses) {
  std::string text = contents.path.string() + " has more than one handler:";
  for (const Guess& guess : guesses) {
    text.append(" ").append(guess.handler).append(" (").append(guess.reason).append("),");
  }
  text.pop_back();
  return Error(Errc::invalid, text + ". Give --handler");
}

}  // namespace

Result<RuntimeChoice> choose_runtime(const Surroundings& around,
                                     const packaging::Contents& contents,
                                     const std::optional<std::string>& runtime,
                                     const std::optional<std::string>& handler) {
  RuntimeChoice choice;
  if (runtime && handler) return RuntimeChoice{*runtime, *handler, ""};
  if (handler) {
    const auto language = packaging::language_of(contents, *handler);
    if (!language) {
      return Error(Errc::invalid, contents.path.string() +
                                      " has no .py, .js or .mjs file for the "
                                      "handler " +
                                      *handler + ": give --runtime");
    }
    choice.handler = *handler;
    TRY(choice.runtime, newest_runtime(around, *language));
    choice.reason = "runtime " + choice.runtime + ", the newest here for " + choice.handler;
    return choice;
  }
  auto guesses = packaging::guess_handlers(contents);
  if (runtime) {
    const auto language = language_of_runtime(*runtime);
    std::erase_if(guesses, [&](const Guess& guess) { return guess.language != language; });
    // Custom runtimes read the handler as they like.
    if (guesses.empty() && language == Language::custom)
      return RuntimeChoice{*runtime, "bootstrap", ""};
  }
  if (guesses.empty()) return nothing_found(contents);
  if (guesses.size() > 1) return several_found(contents, guesses);
  choice.handler = guesses.front().handler;
  choice.reason = "handler " + choice.handler + ", as " + guesses.front().reason;
  if (runtime) {
    choice.runtime = *runtime;
    return choice;
  }
  TRY(choice.runtime, newest_runtime(around, guesses.front().language));
  choice.reason = "runtime " + choice.runtime + ", " + choice.reason;
  return choice;
}

}  // namespace proa::cli
