// A stored kernel with another proa-init. Private to kernels/.
#pragma once

#include "kernels/kernels.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace proa::kernels {

/// Puts into `folder`, a new one, what `kernel` has, with an initrd around `init`. What was
/// measured of it stays, since that is the kernel's. Gives the new manifest, which is not written
/// yet. Errc: corrupt (its files are not as its manifest says), exhausted, os.
Result<Manifest> renew_kernel(const Kernel& kernel, std::string_view init,
                              const std::filesystem::path& folder);
/// Hard links to the kernel's files of these names in `folder`; one without a configuration has
/// none. Errc: os.
Result<void> link_files(const Kernel& kernel, const std::filesystem::path& folder,
                        const std::vector<const char*>& names);

}  // namespace proa::kernels
