// The stored form of functions and layers: one JSON document per function and one per layer.
//
// Bucket "functions", key ACCOUNT/REGION/NAME:
//   {"format": 6, "tags": {..}, "reserved_concurrency": N (only if set), "event_configs":
//    {QUALIFIER: {"retries_max": N and "age_max_s": N (only if set), "on_success": ARN or "",
//    "on_failure": ARN or "", "last_modified_ms": N}}, "code_unpacked_bytes": N,
//    "layers_unpacked_bytes": N, "next_version": N, "aliases": [{"name": .., "version": ..,
//    "description": .., "revision_id": .., "other_version": .. and "other_weight": W (only if
//    set)} ..], "urls": .. and "policies": .. (access_records.h), "latest": {every field of
//    model::FunctionVersion but settings; "image" (image_records.h) only if it is one}}
//   Format 1 had no event_configs, formats 1 and 2 no logging in latest, formats 1 to 3 neither
//   next_version nor aliases, formats 1 to 4 neither urls nor policies, formats 1 to 5 no image.
// Bucket "versions", key ACCOUNT/REGION/NAME/NUMBER: a published version, written before the
// function's next_version is beyond it: one that is not is what a crash left.
//   {"format": 2, "setting_tags": {the proa: tags}, "version": {as "latest"}}; format 1: no image
// Bucket "layers", key ACCOUNT/REGION/NAME:
//   {"format": 1, "next_version": N, "versions": [{..} ..]}   ascending; deleted ones are absent
//
// Reading is tolerant to nothing: a missing, unknown or impossible field is `corrupt` and named, a
// newer format is `unsupported`. So a record means the same to every Proa that reads it, and a
// field added later comes with the next format number and a step that reads the old one. Settings
// are not stored: they follow from the tags and this daemon's defaults.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/names.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::catalog {

inline constexpr std::string_view kFunctionBucket = "functions";
inline constexpr std::string_view kVersionBucket = "versions";
inline constexpr std::string_view kLayerBucket = "layers";

/// A function record by value: what a change works on, and what is stored.
struct FunctionDocument {
  model::FunctionVersion latest;
  Tags tags;
  std::optional<std::uint32_t> reserved_concurrency;
  EventConfigs event_configs;
  std::uint64_t next_version = 1;
  std::map<std::string, Alias> aliases;
  Urls urls;
  Policies policies;
  std::map<std::uint64_t, model::FunctionPtr> versions;  ///< in records of their own
  std::uint64_t code_unpacked_bytes = 0;
  std::uint64_t layers_unpacked_bytes = 0;
};

/// A published version as it is stored.
struct VersionDocument {
  model::FunctionVersion version;  ///< without settings
  Tags setting_tags;               ///< that its settings follow from
};

/// A layer with all its versions.
struct LayerDocument {
  std::string account_id;
  std::string region;
  std::string name;
  std::uint64_t next_version = 1;
  std::vector<LayerVersionPtr> versions;  ///< ascending
};

/// ACCOUNT/REGION/NAME
std::string record_key(std::string_view account_id, std::string_view region, std::string_view name);
std::string record_key(const FunctionDocument& document);
std::string record_key(const LayerDocument& document);

/// ACCOUNT/REGION/NAME/NUMBER
std::string record_key(const VersionDocument& document);

std::string encode(const FunctionDocument& document);
std::string encode(const VersionDocument& document);
std::string encode(const LayerDocument& document);

/// Errc: corrupt, unsupported (newer format); the message names bucket, key and field.
Result<FunctionDocument> decode_function(std::string_view key, std::string_view bytes);
Result<VersionDocument> decode_version(std::string_view key, std::string_view bytes);
Result<LayerDocument> decode_layer(std::string_view key, std::string_view bytes);

/// The hex name of a tree whose zip has this CodeSha256; nothing if it is no SHA-256 in base64.
std::optional<std::string> tree_id_of(std::string_view code_sha256_base64);

}  // namespace proa::catalog
