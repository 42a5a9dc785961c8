#include "base/encoding.h"
#include "oci/archive.h"
#include "oci/documents.h"
#include "oci/oci.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace proa::oci {
namespace {

constexpr std::string_view kBlobs = "blobs/sha256/";
constexpr int kIndexDepthMax = 3;

/// Documents of the archive by member; those that are not there are missing. One pass.
Result<std::map<std::string, std::string>> read_members(const std::filesystem::path& archive,
                                                        const std::set<std::string>& wanted,
                                                        const Limits& limits) {
  std::map<std::string, std::string> found;
  TRY(auto reader, ArchiveReader::open(archive, Form::any_tar));
  while (found.size() < wanted.size()) {
    TRY(archive_entry* const entry, reader.next_entry());
    if (entry == nullptr) break;
    const std::string name = member_name(entry);
    if (!wanted.contains(name) || found.contains(name)) continue;
    std::string text;
    for (;;) {
      TRY(const auto piece, reader.next());
      if (piece.empty()) break;
      text += piece;
      if (text.size() > limits.document_bytes_max) {
        return Error(Errc::too_large, "The image's " + name.substr(0, 100) + " is larger than " +
                                          std::to_string(limits.document_bytes_max) + " bytes");
      }
    }
    found.emplace(name, std::move(text));
  }
  return found;
}

Error missing(const std::string& member) {
  return Error(Errc::invalid, "The archive lacks " + member.substr(0, 200));
}

/// One archive whose documents are looked at.
class Reading {
 public:
  Reading(const std::filesystem::path& archive, std::string_view architecture, const Limits& limits)
      : archive_(archive), architecture_(architecture), limits_(limits) {}

  Result<std::vector<Image>> all();

 private:
  Result<std::string> blob(const std::string& digest);
  Result<std::string> member(const std::string& name);
  Result<void> add_index(std::string_view text, int depth, const std::vector<std::string>& names);
  Result<void> add_manifest(const Descriptor& descriptor, const std::vector<std::string>& names);
  Result<void> add_saved(const SavedImage& saved);
  Result<void> add(Image image, const std::string& config, std::vector<Layer> layers);
  void add_names(const std::vector<SavedImage>& saved);

  const std::filesystem::path& archive_;
  std::string_view architecture_;
  const Limits& limits_;
  std::vector<Image> images_;
  std::map<std::string, std::string> configs_;  ///< digest of an image's config: of the image
  std::set<std::string> others_;                ///< architectures that were left out
};

Result<std::vector<Image>> Reading::all() {
  TRY(auto documents, read_members(archive_, {"index.json", "manifest.json"}, limits_));
  const auto index = documents.find("index.json");
  const auto saved = documents.find("manifest.json");
  std::vector<SavedImage> saved_images;
  if (saved != documents.end()) {
    TRY(saved_images, parse_saved_images(saved->second));
  }
  if (index != documents.end()) {
    TRY(add_index(index->second, 0, {}));
    add_names(saved_images);
  } else {
    for (const SavedImage& each : saved_images) {
      TRY(add_saved(each));
    }
  }
  if (!images_.empty()) return std::move(images_);
  if (others_.empty()) {
    return Error(Errc::invalid,
                 "This is no image: neither an OCI layout nor what docker save writes");
  }
  std::string names;
  for (const std::string& each : others_) names.append(names.empty() ? "" : ", ").append(each);
  return Error(Errc::invalid,
               "The image is for " + names + ", and this host is " + std::string(architecture_));
}

Result<std::string> Reading::member(const std::string& name) {
  TRY(auto found, read_members(archive_, {name}, limits_));
  if (found.empty()) return missing(name);
  return std::move(found.begin()->second);
}

Result<std::string> Reading::blob(const std::string& digest) {
  TRY(auto text, member(std::string(kBlobs) + digest));
  if (to_hex(sha256(text)) != digest) {
    return Error(Errc::invalid, "The archive's " + std::string(kBlobs) + digest +
                                    " has another SHA-256: it is damaged");
  }
  return text;
}

Result<void> Reading::add_index(std::string_view text, int depth,
                                const std::vector<std::string>& names) {
  if (depth >= kIndexDepthMax) return Error(Errc::invalid, "The image's index has too many levels");
  TRY(const auto descriptors, parse_index(text));
  for (const Descriptor& each : descriptors) {
    const std::vector<std::string>& own = each.names.empty() ? names : each.names;
    if (each.is_index) {
      TRY(const auto nested, blob(each.digest));
      TRY(add_index(nested, depth + 1, own));
      continue;
    }
    // What builders add about an image says that it is of an unknown platform.
    if (each.architecture == "unknown") continue;
    if (each.architecture && !architecture_.empty() && *each.architecture != architecture_) {
      others_.insert(*each.architecture);
      continue;
    }
    TRY(add_manifest(each, own));
  }
  return ok();
}

Result<void> Reading::add_manifest(const Descriptor& descriptor,
                                   const std::vector<std::string>& names) {
  TRY(const auto text, blob(descriptor.digest));
  TRY(const auto manifest, parse_manifest(text));
  TRY(const auto config, blob(manifest.config.digest));
  Image image;
  image.digest = descriptor.digest;
  image.names = names;
  std::vector<Layer> layers;
  for (const Descriptor& each : manifest.layers) {
    layers.push_back({std::string(kBlobs) + each.digest, each.digest, {}});
  }
  configs_[manifest.config.digest] = image.digest;
  return add(std::move(image), config, std::move(layers));
}

Result<void> Reading::add_saved(const SavedImage& saved) {
  TRY(const auto config, member(saved.config));
  Image image;
  // The name of the config is its digest, in both layouts that docker has had.
  image.digest = to_hex(sha256(config));
  if (saved.config != image.digest + ".json" &&
      saved.config != std::string(kBlobs) + image.digest) {
    return Error(Errc::invalid, "The archive's " + saved.config.substr(0, 200) +
                                    " has the SHA-256 " + image.digest + ": it is damaged");
  }
  image.names = saved.names;
  std::vector<Layer> layers;
  for (const std::string& each : saved.layers) {
    Layer layer;
    layer.member = each;
    if (each.starts_with(kBlobs) &&
        is_hex(std::string_view(each).substr(kBlobs.size()), kDigestDigits)) {
      layer.digest = each.substr(kBlobs.size());
    }
    layers.push_back(std::move(layer));
  }
  return add(std::move(image), config, std::move(layers));
}

Result<void> Reading::add(Image image, const std::string& config, std::vector<Layer> layers) {
  TRY(auto document, parse_config(config));
  if (document.diff_ids.size() != layers.size() || layers.size() > limits_.layers_max) {
    return Error(Errc::invalid, "The image has " + std::to_string(layers.size()) +
                                    " layers, and its config tells of " +
                                    std::to_string(document.diff_ids.size()) + "; at most " +
                                    std::to_string(limits_.layers_max) + " may be");
  }
  const std::string& made_for = document.config.architecture;
  if (!architecture_.empty() && !made_for.empty() && made_for != architecture_) {
    others_.insert(made_for);
    return ok();
  }
  if (!document.config.os.empty() && document.config.os != "linux") {
    return Error(Errc::invalid, "The image is for " + document.config.os + " and not for linux");
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i].diff_id = std::move(document.diff_ids[i]);
  }
  image.config = std::move(document.config);
  image.layers = std::move(layers);
  images_.push_back(std::move(image));
  return ok();
}

// docker save writes both, and only one of them has the whole names.
void Reading::add_names(const std::vector<SavedImage>& saved) {
  for (const SavedImage& each : saved) {
    if (!each.config.starts_with(kBlobs) || each.names.empty()) continue;
    const auto digest = configs_.find(each.config.substr(kBlobs.size()));
    for (Image& image : images_) {
      if (digest != configs_.end() && image.digest == digest->second) image.names = each.names;
    }
  }
}

}  // namespace

std::string Image::tree_id() const {
  std::string text = "proa image tree 1";
  for (const Layer& layer : layers) text.append("\n").append(layer.diff_id);
  return to_hex(sha256(text));
}

Result<std::vector<Image>> read_images(const std::filesystem::path& archive,
                                       std::string_view architecture, const Limits& limits) {
  return Reading(archive, architecture, limits).all();
}

}  // namespace proa::oci
