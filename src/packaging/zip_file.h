// Zips: writing ours and reading those of others. Private to packaging/.
#pragma once

#include "packaging/packaging.h"

namespace proa::packaging {

/// What a zip that somebody else made has in it. Errc as read_contents().
Result<Contents> read_zip(const std::filesystem::path& path, const Limits& limits);
/// Writes `contents` of a folder or file into the empty file `out`. Errc as pack().
Result<void> write_zip(const Contents& contents, int out, const Progress& progress);

}  // namespace proa::packaging
