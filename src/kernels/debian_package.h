// Debian's cloud kernel, and the source of its kernels: downloaded and unpacked by the host's own
// tools, never installed. Private to kernels/.
#pragma once

#include "kernels/command.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace proa::kernels {

/// What is told of each step, in words that fit behind "is being added: ".
using Stage = std::function<void(std::string_view step)>;

/// The kernel's package, unpacked.
struct UnpackedPackage {
  std::string name;
  std::string version;
  std::filesystem::path kernel;   ///< the file that boots
  std::filesystem::path modules;  ///< folder with modules.dep and modules.builtin
};

/// One paragraph of `apt-cache show`.
struct PackageRecord {
  std::string name;
  std::string version;
  std::string sha256;              ///< of the archive
  std::vector<std::string> needs;  ///< names in Depends, without versions
};

/// The first paragraph. Errc: corrupt (a name, version or digest that is none).
Result<PackageRecord> parse_record(std::string_view text);

/// Asks apt for the newest linux-image-cloud-ARCHITECTURE ("x86_64" is amd64 there), downloads the
/// kernel that it depends on into the folder `work`, compares it with the digest in apt's signed
/// lists and unpacks it there. Errc: as KernelStore::add_stock().
Result<UnpackedPackage> fetch_stock(const Commands& commands, const std::string& architecture,
                                    const std::filesystem::path& work, const Stage& stage);

/// Writes the initrd of such a package around proa-init, open for reading. Gives the names of the
/// modules in it, as they are loaded. Errc: corrupt (names the file or module), exhausted, os.
Result<std::vector<std::string>> make_initrd(const UnpackedPackage& package, int init_program,
                                             const std::filesystem::path& file);

/// The package with the source of Debian 12's kernel.
inline constexpr const char* kSourcePackage = "linux-source-6.1";

/// What apt knows about it. Errc: as KernelStore::add_stock().
Result<PackageRecord> find_source(const Commands& commands, const std::filesystem::path& work);

/// Downloads that package into the folder `work` as fetch_stock() does, and unpacks it: the file
/// linux-source-*.tar.xz. Errc: as KernelStore::add_stock().
Result<std::filesystem::path> fetch_source(const Commands& commands, const PackageRecord& source,
                                           const std::filesystem::path& work, const Stage& stage);

}  // namespace proa::kernels
