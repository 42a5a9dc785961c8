// What --help ends with, and what wrong words are answered with. Private to cli/.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace proa::cli {

/// The heads of the top level's help; `serve` is in "Serve".
inline constexpr const char* kFunctions = "Functions";
inline constexpr const char* kCalls = "Calls";
inline constexpr const char* kAccess = "Access";
inline constexpr const char* kOperating = "Operating";

/// Ends the verb's help with examples, each a whole command line and what it does ("": obvious),
/// and with the environment variables that every verb reads.
struct Example {
  std::string_view command;
  std::string_view says;
};
void add_examples(CLI::App& verb, std::initializer_list<Example> examples);

/// The word of `known` that is so near that it may be meant; "" when none is.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// What is wrong with words that CLI11 refused: a verb that is none, with the one that may be
/// meant; else `reason`. And the command whose --help says more ("proa key").
struct Refusal {
  std::string text;
  std::string command;
};
Refusal explain_refusal(const CLI::App& app, const std::vector<std::string>& words,
                        const std::string& reason);

}  // namespace proa::cli
