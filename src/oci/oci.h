// Container images: what an archive holds, checked, and the files of one image, unpacked.
//
// Nouns: Image (one of an archive: its names, what it says of its start, its layers), Unpacked.
// Archives are tar files, compressed or not, of an OCI layout or as `docker save` writes them:
// https://github.com/opencontainers/image-spec. Foreign bytes: every document and layer is compared
// with its digest, sizes are counted while they are written, nothing leaves the folder, and nothing
// but files, folders and links comes into being. libarchive reads tar, gzip and zstd. Blocking; any
// thread.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace proa::oci {

/// What an image may cost. The first is Lambda's limit.
struct Limits {
  std::uint64_t unpacked_bytes_max = 10ULL * 1024 * 1024 * 1024;
  std::size_t nodes_max = 1'000'000;  ///< files, folders and links of all layers, replaced ones too
  std::size_t layers_max = 127;
  std::size_t document_bytes_max = 4 * 1024 * 1024;
};

/// What an image says of how it is started; architecture as in Go: "amd64".
struct Config {
  std::string architecture;
  std::string os;
  std::vector<std::string> entry_point;
  std::vector<std::string> command;
  std::vector<std::string> environment;  ///< NAME=value
  std::string working_directory;
  std::string user;
};

/// One layer, lowest first.
struct Layer {
  std::string member;   ///< its file in the archive
  std::string digest;   ///< SHA-256 of that file in hex; empty: the archive does not say
  std::string diff_id;  ///< SHA-256 of the tar file that it is, uncompressed, in hex
};

struct Image {
  std::vector<std::string> names;  ///< "app:latest"; may be empty
  std::string digest;  ///< SHA-256 of its manifest in hex; where it has none, of its config
  Config config;
  std::vector<Layer> layers;

  /// Names its files: 64 hex digits of what all its layers are.
  std::string tree_id() const;
};

/// All images of an archive that are for `architecture` ("amd64"; empty: any), and those that do
/// not say. Errc: invalid (no such archive, damaged, a digest that does not fit, or only for other
/// architectures: names them), too_large (a document), not_found, exhausted, os.
Result<std::vector<Image>> read_images(const std::filesystem::path& archive,
                                       std::string_view architecture, const Limits& limits);

struct Unpacked {
  std::uint64_t bytes = 0;    ///< of its files
  std::uint64_t skipped = 0;  ///< devices, FIFOs and sockets, which are left out
};

/// Puts the files of `image` into the empty folder behind `folder` (a descriptor for reading), all
/// on disk when it ends, with the folders that a root needs (/proc, /dev, /tmp ...) and with
/// `files`, path to text, in place of the image's own. Everybody may read everything, programs of
/// their owner are everybody's, and nothing is set-uid. Errc: invalid (damaged, a digest that does
/// not fit, a path that leads outside), too_large, exhausted (disk full), os. On error the folder
/// holds leftovers.
Result<Unpacked> unpack(const std::filesystem::path& archive, const Image& image, int folder,
                        const std::map<std::string, std::string>& files, const Limits& limits);

/// What a root gets besides its own files, by paths without a slash at the front.
struct RootAdditions {
  std::map<std::string, std::string> files;          ///< path to text, in place of the root's own
  std::map<std::string, std::string> missing_files;  ///< the same, where the root has nothing
  std::map<std::string, std::string> missing_links;  ///< path to target, likewise
  std::vector<std::string> folders;
};

/// As unpack(), of one tar file of a root folder, which gzip or zstd may have made smaller. Errc:
/// also invalid (it holds no root: neither /usr nor /bin).
Result<Unpacked> unpack_root(const std::filesystem::path& archive, int folder,
                             const RootAdditions& additions, const Limits& limits);

/// An interpreter in a root.
struct RootInterpreter {
  std::string runtime;  ///< what it serves: "python3.11", "nodejs18.x"
  std::string version;  ///< "3.11.2"; "3.11" where nothing says more
  std::string program;  ///< path inside

  bool operator==(const RootInterpreter&) const = default;
};

/// A Debian package in a root.
struct RootPackage {
  std::string name;
  std::string version;

  bool operator==(const RootPackage&) const = default;
};

struct RootContents {
  std::vector<RootInterpreter> interpreters;
  std::vector<RootPackage> packages;  ///< by name; none where dpkg's list is not there
};

/// What the root behind `folder` holds, by its files: nothing of it is run. Errc: invalid (an
/// interpreter for another architecture than `architecture`, "x86_64" or "arm64"; empty: any),
/// too_large (dpkg's list), os.
Result<RootContents> read_root(int folder, std::string_view architecture);

/// Where in the root behind `folder` the program `name` is: itself if it has a slash (from
/// `directory`, absolute), else the first that `path`, as in PATH, leads to. Errc: not_found.
Result<std::string> find_program(int folder, const std::string& name, std::string_view path,
                                 const std::string& directory);

}  // namespace proa::oci
