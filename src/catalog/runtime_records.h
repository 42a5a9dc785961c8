// The stored form of runtime images. Private to catalog/.
//
// Bucket "runtimes", key ACCOUNT/NAME:
//   {"format": 1, "sha256": .., "tree_id": .., "interpreters": [{"runtime": .., "version": ..,
//    "program": ..}], "packages": [{"name": .., "version": ..}], "asked_for": [..],
//    "archive_bytes": N, "unpacked_bytes": N, "skipped": N, "added_ms": N}
// Read as strictly as all records (records.h).
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"

#include <string>
#include <string_view>

namespace proa::catalog {

inline constexpr std::string_view kRuntimeBucket = "runtimes";

/// ACCOUNT/NAME
std::string runtime_record_key(const std::string& account_id, const std::string& name);
std::string encode(const RuntimeImage& image);
/// Errc: corrupt, unsupported (newer format); names the record and the field.
Result<RuntimeImage> decode_runtime_image(std::string_view key, std::string_view bytes);

}  // namespace proa::catalog
