// Which interpreters this host has: what the administrator named, /usr/bin, then the folders of
// pyenv, asdf and nvm.
//
// Nothing found is executed here, since this runs as root: versions come from the interpreters' own
// headers and folder names. What tells neither is asked later, without privileges
// (complete_versions).
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace proa::environment {

enum class Language { python, node };

/// One interpreter of this host.
struct Interpreter {
  Language language = Language::python;
  int generation = -1;               ///< Python: 12 of 3.12; Node: 20 of 20.11.1; -1: not known yet
  std::string version;               ///< "3.12.1"; empty: not known yet
  std::filesystem::path executable;  ///< on the host, no symbolic link
  std::filesystem::path prefix;      ///< the folder above its bin/
  bool is_in_usr = false;  ///< in the distribution's /usr, which every container shows anyway
  std::string place;       ///< where it was found: "--runtime", "/usr/bin", "pyenv", "asdf", "nvm"

  /// Lambda's identifier of what it serves exactly: "python3.12", "nodejs20.x".
  std::string runtime() const;
  /// Its path inside a container: in /usr, or below /var/lang/<runtime>.
  std::string path_inside() const;
};

/// What the launcher must show below /var/lang for an interpreter outside /usr: nothing but the
/// folders it runs from.
struct LanguageMount {
  std::filesystem::path
      source;          ///< a file or folder; empty: an empty folder, to hide what is there
  std::string target;  ///< relative to /var/lang: "python3.12/lib"
};

/// `--runtime python3.12=/opt/python/bin/python3.12`.
struct GivenRuntime {
  std::string runtime;
  std::filesystem::path path;  ///< the interpreter, a shim of pyenv or asdf, or its prefix
};
/// Errc: invalid (says what was expected).
Result<GivenRuntime> parse_given_runtime(std::string_view text);

struct SearchPlaces {
  std::vector<GivenRuntime> given;
  std::filesystem::path usr = "/usr";
  std::vector<std::filesystem::path> homes;  ///< whose .pyenv, .asdf and .nvm are looked into
};

struct FoundInterpreters {
  std::vector<Interpreter> interpreters;  ///< most wanted first; one a language and generation
  std::vector<std::string> notes;         ///< what was found and cannot be used, and why
};

/// Looks in all places. Blocks for some milliseconds. Errc: invalid (a given one is not what its
/// name says, or cannot be used; names it).
Result<FoundInterpreters> find_interpreters(const SearchPlaces& places);
/// Asks every interpreter whose version is not known. Call without privileges, before threads
/// exist. A Node that does not tell, or is not of the generation that it was taken for, is dropped
/// with a note. Errc: invalid, deadline, os, corrupt (the same, and it was given by --runtime).
Result<void> complete_versions(FoundInterpreters& found);
/// What the launcher must mount for `interpreters`.
std::vector<LanguageMount> language_mounts(const std::vector<Interpreter>& interpreters);
/// Keeps the first of each language and generation.
void drop_duplicates(std::vector<Interpreter>& interpreters);

/// The language of a Lambda runtime and the generation it asks for: python3.12 is 12, nodejs20.x is
/// 20. False for others ("provided.al2023").
bool parse_runtime(std::string_view runtime, Language& language, int& generation);
/// The generation in a version: 12 of "3.12.1" (Python), 20 of "20.11.1" (Node); -1 if there is
/// none.
int generation_of(Language language, std::string_view version);

/// The oldest generations that the bootstraps run on.
inline constexpr int kOldestPython = 7;
inline constexpr int kOldestNode = 18;

}  // namespace proa::environment
