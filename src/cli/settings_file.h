// A TOML file that can hold what a verb's options say: /etc/proa/proa.toml for `proa serve`. Its
// keys are the names of the verb's options, so that the parser is the only list of them; what is on
// the command line wins. Private to cli/. Long document: docs/reference/configuration.md.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace proa::cli {

/// Owned by the CommandLine; `verb` outlives it.
class SettingsFile {
 public:
  /// Adds --config and --print-config to `verb`. The file at `place` need not exist.
  SettingsFile(CLI::App& verb, std::filesystem::path place);

  /// Gives the options of the verb that are not among `words` (those behind "proa") the values of
  /// the file; to be called before the words are parsed. Nothing for another verb, or a question
  /// for help. Errc: invalid with file, line and key (no such key, a value of another type or that
  /// the option refuses, no TOML), what reading gives for a file that is named and not there.
  Result<void> fill(const std::vector<std::string>& words);

  /// Whether the words that were parsed have asked for text() in place of the verb's work.
  bool is_text_wanted() const;
  /// A file with every key and what it means; those that the words or the file have not set are
  /// comments with their defaults.
  std::string text() const;

 private:
  CLI::App& verb_;
  std::filesystem::path place_;
};

}  // namespace proa::cli
