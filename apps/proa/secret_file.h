// Files with secrets that options of `proa serve` name: never on a command line, which every user
// of the host can read.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace proa::apps {

/// The text of the file, without newlines at its end. Read while we are root. Errc: invalid (not a
/// regular file, or users other than its owner and group may read it), not_found, os. Errors name
/// `option`, never the text.
Result<std::string> read_secret(const std::filesystem::path& path, const std::string& option);

/// The same for a bearer token (RFC 6750, section 2.1): 16 characters at least, of those that the
/// header Authorization can carry. Errc: as above.
Result<std::string> read_token(const std::filesystem::path& path, const std::string& option);

}  // namespace proa::apps
