// The initrd of a kernel with modules: proa-init and what it loads. Private to kernels/.
//
// A cpio (newc) in gzip; the same input gives the same bytes:
//   /dev /dev/console (5,1) /newroot /proc /sys   empty but for the console
//   /init                                         proa-init
//   /modules/NN-NAME.ko                           each module
//   /modules/list                                 their paths, a line each, in the order of loading
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace proa::kernels {

/// A module as it goes into the initrd.
struct ModuleBytes {
  std::string name;   ///< letters, digits and '_'
  std::string bytes;  ///< of its ELF file
};

/// Makes the new file `file` and syncs it; half a file may be left after an error. Errc: exhausted
/// (disk full), os.
Result<void> write_initramfs(const std::filesystem::path& file, std::string_view init,
                             const std::vector<ModuleBytes>& modules);

/// The modules in what write_initramfs() has made, in the order of loading. Errc: corrupt (it is
/// something else), os.
Result<std::vector<ModuleBytes>> read_modules(const std::filesystem::path& file);

}  // namespace proa::kernels
