// The bytes of a module, which may be packed. Private to kernels/.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace proa::kernels {

/// No module has more bytes.
inline constexpr std::size_t kModuleMax = std::size_t{64} * 1024 * 1024;

/// The ELF file in FILE.ko, FILE.ko.xz, FILE.ko.zst or FILE.ko.gz. Errc: not_found, too_large,
/// corrupt (not an ELF file, or packed in another way), os; all name the file.
Result<std::string> read_module(const std::filesystem::path& file);

}  // namespace proa::kernels
