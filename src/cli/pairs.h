// NAME=VALUE words and files of them. Private to cli/.
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace proa::cli {

using Pairs = std::map<std::string, std::string>;

/// The words of a repeated option, e.g. "--env"; the later of two with one name counts. Errc:
/// invalid (no '=' or no name; the message names option and word, but no value: it may be secret).
Result<Pairs> parse_pairs(std::string_view option, const std::vector<std::string>& words);

/// A file of such lines: blank ones and those that begin with '#' are passed over, "export " in
/// front too; quotes around a whole value go. Errc: invalid (the message names file and line), os.
Result<Pairs> read_pairs(const std::string& file);

}  // namespace proa::cli
