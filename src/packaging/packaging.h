// Packages for `proa deploy`: a folder, a file or a zip becomes an archive that can be sent.
//
// Nouns: Contents (what a package will hold, read without packing it), Package (the archive, in a
// nameless file on disk), Guess (handler and language, from the files at the top). `cli` calls it;
// it uses libarchive, reads what the user may read, and installs nothing. The same files give the
// same bytes, wherever and whenever they are packed: names are sorted, times left out, of the modes
// only "executable" is kept. Blocking; one thread. Long document: docs/guides/deploy.md.
#pragma once

#include "base/encoding.h"
#include "base/result.h"
#include "os/mapped_file.h"
#include "os/unique_fd.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::packaging {

struct Limits {
  std::uint64_t unpacked_bytes_max = 262144000;  ///< Lambda's, of function and layers together
  std::size_t entries_max = 100000;
  std::uint64_t zip_bytes_max = 294912000;
};

/// One thing in a package.
struct Entry {
  enum class Kind { file, link, empty_folder } kind = Kind::file;
  std::string path;  ///< in the package, with '/'
  std::uint64_t bytes = 0;
  bool is_executable = false;
  std::string target;  ///< of a link
};

/// What a package will hold.
struct Contents {
  enum class Kind { folder, file, zip, text } kind = Kind::folder;
  std::filesystem::path path;        ///< what was given
  std::vector<Entry> entries;        ///< in the order of their paths
  std::uint64_t bytes = 0;           ///< unpacked
  std::vector<std::string> ignored;  ///< files and folders that stay behind, in order, at most 20
  std::size_t ignored_count = 0;
  /// Text of the sources (.py, .js, .mjs, .cjs), of requirements.txt and package.json at the top,
  /// by name; those of more than 1 MiB are left out.
  std::map<std::string, std::string> sources;

  const Entry* find(std::string_view path) const;
};

/// Reads what `path` (a folder, a zip, or one source file) would bring. Errc: invalid (not there,
/// none of those; an entry that cannot be packed, by name: sockets, devices, links that lead
/// outside, names that are not UTF-8), too_large (with the largest folders), os (also unreadable,
/// by name).
/// `more_rules` are lines as of .proaignore, behind those of the folder's own.
Result<Contents> read_contents(const std::filesystem::path& path, const Limits& limits,
                               std::string_view more_rules = {});
/// A package of one source file with this text.
Contents contents_of_text(std::string name, std::string text);

/// Called while bytes are packed: of so many, so many are done.
using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;

/// An archive ready to be sent; its file has no name and goes with it.
struct Package {
  os::UniqueFd descriptor;
  os::MappedFile file;  ///< of `descriptor`, or of the zip that was given
  Sha256Digest digest{};

  std::string_view bytes() const { return file.bytes(); }
};

/// Packs `contents`, or takes the zip as it is. Errc: invalid (a file has changed meanwhile),
/// too_large (the zip), exhausted (no room for it in the folder of temporary files), os.
Result<Package> pack(const Contents& contents, const Limits& limits, const Progress& progress);

/// An archive as it is, or a folder as a tar file of its files and folders, the same bytes for the
/// same files: what container images are sent in. Errc: invalid (not there; what is in the folder
/// is neither), exhausted, os.
Result<Package> pack_image(const std::filesystem::path& path);

/// The same for a root: an archive as it is, or a folder with its links, with who may execute what
/// and with times; devices and such stay behind, and what is in /proc, /sys, /dev, /run and /tmp of
/// it.
Result<Package> pack_root(const std::filesystem::path& path);

/// A root to be built of Debian packages, by mmdebstrap(1).
struct RootRecipe {
  std::vector<std::string> packages;           ///< "python3-numpy", "nodejs=18.19.0+dfsg-6~deb12u2"
  std::string suite;                           ///< "bookworm"
  std::vector<std::filesystem::path> sources;  ///< files of apt's sources; none: mmdebstrap's own
  std::filesystem::path program = "mmdebstrap";
};

/// What this host's apt gets its packages from, and its suite. Errc: invalid (no Debian: no
/// VERSION_CODENAME in /etc/os-release below `etc`).
Result<RootRecipe> host_recipe(const std::filesystem::path& etc = "/etc");

/// Has mmdebstrap download the packages with all that they depend on, and unpacks them: of the same
/// packages the same bytes. Nothing of them is run, so no privileges are needed. What it says goes
/// to standard error. Half an hour at most. Errc: invalid (no such package name), not_found
/// (mmdebstrap is not installed), unavailable (it failed), deadline, exhausted, os.
Result<Package> build_root(const RootRecipe& recipe);

/// What a package's files say about how to run it.
struct Guess {
  enum class Language { python, node, custom } language = Language::python;
  std::string handler;  ///< "app.handler"
  std::string reason;   ///< "app.py defines handler"
};

/// All that could be meant: one is a guess, several are a question. Never a file without a handler.
std::vector<Guess> guess_handlers(const Contents& contents);
/// The language of the file that `handler` names; nothing when there is no such file.
std::optional<Guess::Language> language_of(const Contents& contents, std::string_view handler);

/// What is asked for by a requirements.txt or package.json and is not in the package, as a sentence
/// with the command that would install it; nothing when all is well.
std::optional<std::string> missing_packages(const Contents& contents);

}  // namespace proa::packaging
