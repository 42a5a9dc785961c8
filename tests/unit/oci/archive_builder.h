// Image archives made by hand, hostile ones too.
#pragma once

#include "base/encoding.h"
#include "os/utf8_locale.h"

#include <archive.h>
#include <archive_entry.h>
#include <boost/json.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace proa::oci {

/// A file unless something else is said.
struct Node {
  std::string path;
  std::string data;  ///< bytes of a file; where links lead to
  unsigned type = AE_IFREG;
  unsigned mode = 0644;
  bool is_hard_link = false;
};

enum class Packing { none, gzip, zstd };

inline std::string tar_of(const std::vector<Node>& nodes, Packing packing = Packing::none) {
  const os::Utf8Locale names_are_utf8;
  archive* const writer = archive_write_new();
  archive_write_set_format_pax_restricted(writer);
  if (packing == Packing::gzip) archive_write_add_filter_gzip(writer);
  if (packing == Packing::zstd) archive_write_add_filter_zstd(writer);
  std::string bytes(std::size_t{8} * 1024 * 1024, '\0');
  std::size_t used = 0;
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  for (const Node& node : nodes) {
    archive_entry* const entry = archive_entry_new();
    archive_entry_set_pathname(entry, node.path.c_str());
    archive_entry_set_filetype(entry, node.type);
    archive_entry_set_perm(entry, node.mode);
    archive_entry_set_mtime(entry, 1'000'000, 0);
    const bool has_bytes = node.type == AE_IFREG && !node.is_hard_link;
    archive_entry_set_size(entry, has_bytes ? static_cast<la_int64_t>(node.data.size()) : 0);
    if (node.is_hard_link) archive_entry_set_hardlink(entry, node.data.c_str());
    if (node.type == AE_IFLNK) archive_entry_set_symlink(entry, node.data.c_str());
    if (node.type == AE_IFCHR) archive_entry_set_rdev(entry, makedev(1, 3));
    EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK) << archive_error_string(writer);
    if (has_bytes) archive_write_data(writer, node.data.data(), node.data.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

inline std::string hex_of(std::string_view bytes) { return to_hex(sha256(bytes)); }

/// An image whose layers are tar files.
struct ImageParts {
  std::vector<std::string> layers;       ///< plain tar files, lowest first
  std::vector<std::string> packed = {};  ///< as they are stored; none: as above
  std::string architecture = "amd64";
  std::string name = "app:1";
  boost::json::object config = {{"Cmd", boost::json::array{"run"}}};
};

inline std::string config_of(const ImageParts& parts) {
  boost::json::array diff_ids;
  for (const std::string& layer : parts.layers) diff_ids.emplace_back("sha256:" + hex_of(layer));
  return boost::json::serialize(boost::json::object{
      {"architecture", parts.architecture},
      {"os", "linux"},
      {"config", parts.config},
      {"rootfs", boost::json::object{{"type", "layers"}, {"diff_ids", std::move(diff_ids)}}}});
}

inline boost::json::object descriptor_of(const std::string& bytes) {
  return {{"digest", "sha256:" + hex_of(bytes)}, {"size", bytes.size()}};
}

inline Node blob_of(const std::string& bytes) { return {"blobs/sha256/" + hex_of(bytes), bytes}; }

/// The members of an OCI layout.
inline std::vector<Node> layout_of(const ImageParts& parts) {
  const auto& stored = parts.packed.empty() ? parts.layers : parts.packed;
  const std::string config = config_of(parts);
  boost::json::array layers;
  for (const std::string& layer : stored) layers.push_back(descriptor_of(layer));
  const std::string manifest = boost::json::serialize(boost::json::object{
      {"schemaVersion", 2}, {"config", descriptor_of(config)}, {"layers", layers}});
  auto entry = descriptor_of(manifest);
  entry["annotations"] = boost::json::object{{"org.opencontainers.image.ref.name", parts.name}};
  const std::string index = boost::json::serialize(
      boost::json::object{{"schemaVersion", 2}, {"manifests", boost::json::array{entry}}});
  std::vector<Node> nodes{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"},
                          {"index.json", index}};
  for (const std::string& each : stored) nodes.push_back(blob_of(each));
  nodes.push_back(blob_of(config));
  nodes.push_back(blob_of(manifest));
  return nodes;
}

/// The members of what docker save wrote before it wrote OCI layouts.
inline std::vector<Node> saved_of(const ImageParts& parts) {
  const std::string config = config_of(parts);
  const std::string config_name = hex_of(config) + ".json";
  std::vector<Node> nodes{{config_name, config}};
  boost::json::array layers;
  for (std::size_t i = 0; i < parts.layers.size(); ++i) {
    const std::string name = std::to_string(i) + "/layer.tar";
    nodes.push_back({name, parts.layers[i]});
    layers.emplace_back(name);
  }
  nodes.push_back({"manifest.json", boost::json::serialize(boost::json::array{boost::json::object{
                                        {"Config", config_name},
                                        {"RepoTags", boost::json::array{parts.name}},
                                        {"Layers", layers}}})});
  return nodes;
}

/// A folder of its own for each test, and archives in it.
class ArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "proa-oci-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directory(folder_ / "root");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& bytes) {
    const auto path = folder_ / "image.tar";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return path;
  }

  std::filesystem::path folder_;
};

}  // namespace proa::oci
