#include "oci/documents.h"

#include "base/encoding.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace proa::oci {
namespace {

namespace json = boost::json;

constexpr std::string_view kSha256 = "sha256:";
constexpr int kJsonDepthMax = 32;
constexpr std::size_t kImageNameMax = 512;

Error bad(std::string_view document, std::string_view what) {
  return Error(Errc::invalid,
               "The image's " + std::string(document) + " is no good: " + std::string(what));
}

/// Any JSON of no more than kJsonDepthMax levels; `failed` says why not.
json::value parse_shallow(std::string_view text, json::error_code& failed) {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  return json::parse(json::string_view(text.data(), text.size()), failed, {}, options);
}

Result<json::object> parse_document(std::string_view text, std::string_view document) {
  json::error_code failed;
  json::value value = parse_shallow(text, failed);
  if (failed) return bad(document, "it is no JSON: " + failed.message());
  if (!value.is_object()) return bad(document, "it is no object");
  return std::move(value.get_object());
}

/// The object in a member; null: there is none, or it is something else.
const json::object* object_of(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found == nullptr ? nullptr : found->if_object();
}

const json::array* array_of(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found == nullptr ? nullptr : found->if_array();
}

/// Empty where it is missing or no text.
std::string text_of(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  if (found == nullptr || !found->is_string()) return {};
  return std::string(found->get_string());
}

/// No byte that ends a string of the kernel's.
bool is_argument(std::string_view text) { return text.find('\0') == std::string_view::npos; }

/// A list of texts; a missing or null one is empty.
Result<std::vector<std::string>> texts_of(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const json::value* const found = object.if_contains(key);
  if (found == nullptr || found->is_null()) return texts;
  const auto* const list = found->if_array();
  if (list == nullptr) return bad("config", std::string(key) + " is no list");
  for (const json::value& each : *list) {
    if (!each.is_string() || !is_argument(each.get_string())) {
      return bad("config", std::string(key) + " has something that is no text");
    }
    texts.emplace_back(each.get_string());
  }
  return texts;
}

/// What stands behind "sha256:".
Result<std::string> hex_of(const std::string& digest, std::string_view document) {
  if (!digest.starts_with(kSha256) ||
      !is_hex(std::string_view(digest).substr(kSha256.size()), kDigestDigits)) {
    return bad(document, "'" + digest.substr(0, 100) + "' is no SHA-256 digest");
  }
  return digest.substr(kSha256.size());
}

std::vector<std::string> names_of(const json::object& descriptor) {
  std::vector<std::string> names;
  const json::object* const annotations = object_of(descriptor, "annotations");
  if (annotations == nullptr) return names;
  for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
    std::string name = text_of(*annotations, key);
    if (name.empty() || name.size() > kImageNameMax) continue;
    names.push_back(std::move(name));
    break;
  }
  return names;
}

Result<Descriptor> parse_descriptor(const json::value& value, std::string_view document) {
  const json::object* const object = value.if_object();
  if (object == nullptr) return bad(document, "a descriptor is no object");
  Descriptor descriptor;
  TRY(descriptor.digest, hex_of(text_of(*object, "digest"), document));
  if (const json::object* const platform = object_of(*object, "platform")) {
    descriptor.architecture = text_of(*platform, "architecture");
  }
  descriptor.names = names_of(*object);
  const std::string type = text_of(*object, "mediaType");
  descriptor.is_index = type == "application/vnd.oci.image.index.v1+json" ||
                        type == "application/vnd.docker.distribution.manifest.list.v2+json";
  return descriptor;
}

Result<SavedImage> parse_saved_image(const json::value& value) {
  constexpr std::string_view kDocument = "manifest.json";
  const json::object* const object = value.if_object();
  if (object == nullptr) return bad(kDocument, "an image is no object");
  SavedImage image;
  image.config = text_of(*object, "Config");
  if (image.config.empty()) return bad(kDocument, "an image has no Config");
  TRY(image.layers, texts_of(*object, "Layers"));
  TRY(image.names, texts_of(*object, "RepoTags"));
  return image;
}

}  // namespace

Result<std::vector<Descriptor>> parse_index(std::string_view text) {
  TRY(const auto document, parse_document(text, "index"));
  const json::array* const manifests = array_of(document, "manifests");
  if (manifests == nullptr) return bad("index", "it has no list of manifests");
  std::vector<Descriptor> all;
  for (const json::value& each : *manifests) {
    TRY(auto descriptor, parse_descriptor(each, "index"));
    all.push_back(std::move(descriptor));
  }
  return all;
}

Result<Manifest> parse_manifest(std::string_view text) {
  TRY(const auto document, parse_document(text, "manifest"));
  const json::value* const config = document.if_contains("config");
  const json::array* const layers = array_of(document, "layers");
  if (config == nullptr || layers == nullptr)
    return bad("manifest", "config or layers are missing");
  Manifest manifest;
  TRY(manifest.config, parse_descriptor(*config, "manifest"));
  for (const json::value& each : *layers) {
    TRY(auto layer, parse_descriptor(each, "manifest"));
    manifest.layers.push_back(std::move(layer));
  }
  return manifest;
}

Result<std::vector<SavedImage>> parse_saved_images(std::string_view text) {
  json::error_code failed;
  const json::value value = parse_shallow(text, failed);
  const json::array* const list = failed ? nullptr : value.if_array();
  if (list == nullptr) return bad("manifest.json", "it is no JSON list");
  std::vector<SavedImage> images;
  for (const json::value& each : *list) {
    TRY(auto image, parse_saved_image(each));
    images.push_back(std::move(image));
  }
  return images;
}

Result<ConfigDocument> parse_config(std::string_view text) {
  TRY(const auto document, parse_document(text, "config"));
  ConfigDocument out;
  out.config.architecture = text_of(document, "architecture");
  out.config.os = text_of(document, "os");
  if (const json::object* const config = object_of(document, "config")) {
    TRY(out.config.entry_point, texts_of(*config, "Entrypoint"));
    TRY(out.config.command, texts_of(*config, "Cmd"));
    TRY(out.config.environment, texts_of(*config, "Env"));
    out.config.working_directory = text_of(*config, "WorkingDir");
    out.config.user = text_of(*config, "User");
    if (!is_argument(out.config.working_directory)) return bad("config", "WorkingDir is no path");
  }
  const json::object* const rootfs = object_of(document, "rootfs");
  if (rootfs == nullptr) return bad("config", "it has no rootfs");
  TRY(out.diff_ids, texts_of(*rootfs, "diff_ids"));
  for (std::string& each : out.diff_ids) {
    TRY(each, hex_of(each, "config"));
  }
  return out;
}

}  // namespace proa::oci
