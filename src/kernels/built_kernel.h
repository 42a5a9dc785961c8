// What is asked and told around the building of a kernel: its key, and the product of the program
// that builds it. Private to kernels/.
//
// The product is a tar archive: kernel (ELF), config (text), facts ("NAME=VALUE" a line: release,
// compiler). It comes out of a container in which a compiler ran: any bytes.
#pragma once

#include "kernels/command.h"
#include "kernels/debian_package.h"
#include "kernels/variant.h"

#include <filesystem>
#include <string>

namespace proa::kernels {

/// No built kernel has more bytes; those of its configuration and facts.
inline constexpr std::size_t kBuiltMax = std::size_t{256} * 1024 * 1024;
inline constexpr std::size_t kConfigMax = std::size_t{1024} * 1024;

/// The first line of what the host's compiler says about itself. Errc: unsupported (there is none),
/// and those of Commands::run().
Result<std::string> ask_compiler(const Commands& commands, const std::filesystem::path& work);

/// The same for two builds that make the same. `recipes` has build.sh and missing.sh. Errc:
/// not_found, os.
Result<std::string> build_key(const PackageRecord& source, const Variant& variant,
                              const std::string& compiler, const std::filesystem::path& recipes);

/// What the program has told.
struct BuildFacts {
  std::string release;
  std::string compiler;
};

/// Makes the files kKernelFile, synced, and kConfigFile in `folder`. Errc: corrupt (names what is
/// missing or wrong), exhausted (disk full), os.
Result<BuildFacts> unpack_product(int product, const std::filesystem::path& folder);

}  // namespace proa::kernels
