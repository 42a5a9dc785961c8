// What may stand next on a command line: asked by the shells' completion, which `proa completion`
// prints the scripts of. Words come from the parser itself, so that they are what it takes. Private
// to cli/.
#pragma once

#include "cli/cli.h"

#include <string>
#include <string_view>
#include <vector>

namespace proa::cli {

/// The hidden verb that the scripts call: proa complete [--described] -- WORDS.
inline constexpr std::string_view kCompleteVerb = "complete";

/// A word that may stand there, and what it means ("" where there is nothing to say).
struct Candidate {
  std::string word;
  std::string says;
};

/// What may stand in place of the last of `words` (the ones behind "proa"), which may be "". Names
/// of functions are asked of the daemon for half a second at most; without it there are none.
std::vector<Candidate> complete(const Surroundings& surroundings, const CLI::App& app,
                                const std::vector<std::string>& words);

/// What the hidden verb prints for the words behind it: a candidate a line, with --described a tab
/// and what it means behind it.
std::string completion_answer(const Surroundings& surroundings, const CLI::App& app,
                              std::vector<std::string> words);

}  // namespace proa::cli
