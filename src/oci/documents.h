// The JSON documents of an image archive. Foreign bytes, pure functions. Private to oci/.
#pragma once

#include "oci/oci.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::oci {

/// Something of the archive that a document names by its digest.
struct Descriptor {
  std::string digest;                       ///< 64 hex digits
  std::optional<std::string> architecture;  ///< of the image behind it, where that is said
  std::vector<std::string> names;           ///< of the image
  bool is_index = false;                    ///< behind it is an index and no manifest
};

/// The image index, "index.json" or behind a descriptor. Errc: invalid.
Result<std::vector<Descriptor>> parse_index(std::string_view text);

/// An image manifest: its config, and the layers.
struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;
};
/// Errc: invalid.
Result<Manifest> parse_manifest(std::string_view text);

/// One image of "manifest.json", as docker save writes it.
struct SavedImage {
  std::string config;  ///< member of the archive, as the layers
  std::vector<std::string> names;
  std::vector<std::string> layers;
};
/// Errc: invalid.
Result<std::vector<SavedImage>> parse_saved_images(std::string_view text);

/// An image configuration, and the diff ids of its layers in hex.
struct ConfigDocument {
  Config config;
  std::vector<std::string> diff_ids;
};
/// Errc: invalid.
Result<ConfigDocument> parse_config(std::string_view text);

/// Of a SHA-256.
inline constexpr std::size_t kDigestDigits = 64;

}  // namespace proa::oci
