// The number of what a data folder holds, all of its stores together:
// docs/reference/data-format.md.
#pragma once

#include "base/result.h"

#include <filesystem>

namespace proa::storage {

/// What this Proa writes. Raised when one of the stores is written so that an older Proa cannot
/// read it, or would lose something of it; what must be done then to folders of the numbers before
/// stands where that store is opened.
inline constexpr int kDataFormat = 1;

/// Whether this Proa can serve the folder; one without a number is of a Proa before numbers, or
/// new. Errc: unsupported (written by a newer Proa; names the folder and both numbers), corrupt
/// (the number is none), os.
Result<void> check_data_format(const std::filesystem::path& folder);

/// Notes the number of this Proa, durably; nothing is written when it stands there. Errc:
/// exhausted, os.
Result<void> note_data_format(const std::filesystem::path& folder);

}  // namespace proa::storage
