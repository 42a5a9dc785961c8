// What a backup's file looks like. Private to backup/.
//
// A tar (pax), perhaps compressed by gzip or zstd:
//   proa-backup.json   {"format": 1, "made": .., "files": N, "bytes": N}
//   data/PATH          each file of the backup
//   SHA256SUMS         "HEX  data/PATH" a line: what `sha256sum -c` takes
#pragma once

#include "base/running_digest.h"

#include <cstdint>
#include <string_view>

namespace proa::backup {

inline constexpr std::string_view kManifestName = "proa-backup.json";
inline constexpr std::string_view kSumsName = "SHA256SUMS";
inline constexpr std::string_view kDataFolder = "data/";
inline constexpr std::int64_t kFormat = 1;

}  // namespace proa::backup
