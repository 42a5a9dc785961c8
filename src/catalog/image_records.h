// The stored form of container images, and of a version's. Private to catalog/.
//
// Bucket "images", key ACCOUNT/DIGEST (64 hex digits):
//   {"format": 1, "names": [..], "tree_id": .., "architecture": .., "defaults": {"entry_point":
//   [..],
//    "command": [..], "environment": [..], "working_directory": ..}, "layers": N,
//    "archive_bytes": N, "unpacked_bytes": N, "skipped": N, "loaded_ms": N}
// "image" of a version:
//   {"uri": .., "resolved_uri": .., "program": .., "defaults": {as above}, "overrides":
//    {"entry_point": [..], "command": [..], "working_directory": ..; each only if set} only if set}
// Read as strictly as all records (records.h).
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/json_fields.h"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace proa::catalog {

inline constexpr std::string_view kImageBucket = "images";

/// ACCOUNT/DIGEST
std::string record_key(const ContainerImage& image);
std::string encode(const ContainerImage& image);
/// Errc: corrupt, unsupported (newer format); names the record and the field.
Result<ContainerImage> decode_image(std::string_view key, std::string_view bytes);

boost::json::object image_to_json(const model::ImageCode& image);
/// Errc: corrupt.
Result<model::ImageCode> read_image(const boost::json::object& object, const std::string& where);
/// A field of 64 hex digits.
std::string read_hex_id(JsonFields& fields, std::string_view name);

}  // namespace proa::catalog
