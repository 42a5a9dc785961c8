#include "kernels/renew_kernel.h"

#include "base/encoding.h"
#include "kernels/initramfs.h"
#include "kernels/stored_file.h"
#include "kernels/stored_kernel.h"

#include <string>
#include <system_error>
#include <vector>

namespace proa::kernels {

Result<Manifest> renew_kernel(const Kernel& kernel, std::string_view init,
                              const std::filesystem::path& folder) {
  TRY(const auto checked, check_bytes(kernel));
  if (!checked.problems.empty()) return Error(Errc::corrupt, checked.problems.front());
  TRY(const auto modules, read_modules(kernel.folder / kInitrdFile));
  TRY(link_files(kernel, folder, {kKernelFile, kConfigFile}));
  TRY(write_initramfs(folder / kInitrdFile, init, modules));
  Manifest manifest = kernel.manifest;
  TRY(manifest.initrd, measure(folder / kInitrdFile));
  manifest.init_sha256 = to_hex(sha256(init));
  return manifest;
}

Result<void> link_files(const Kernel& kernel, const std::filesystem::path& folder,
                        const std::vector<const char*>& names) {
  for (const char* name : names) {
    std::error_code failed;
    std::filesystem::create_hard_link(kernel.folder / name, folder / name, failed);
    const bool may_be_missing = std::string_view(name) == kConfigFile;
    if (failed && !(may_be_missing && failed == std::errc::no_such_file_or_directory)) {
      return os_error("link " + (kernel.folder / name).string(), failed.value());
    }
  }
  return ok();
}

}  // namespace proa::kernels
