// The files a guest is booted from, opened for QEMU.
#pragma once

#include "launcher/protocol.h"
#include "os/unique_fd.h"

namespace proa::launcher {

/// Open for reading; those of images that were not asked for are empty.
struct GuestFiles {
  os::UniqueFd kernel;
  os::UniqueFd initrd;
  os::UniqueFd manifest;   ///< of the kernel; as the next one for kernel_check.h, not for QEMU
  os::UniqueFd signature;  ///< of these three
  os::UniqueFd root;
  os::UniqueFd code;
  os::UniqueFd layers;
};

/// Opens what `request` names: the files of the folder ID beneath `kernels`, ID.erofs beneath
/// `images`. Errc: not_found, corrupt (no regular file, or one that not everybody may read; no
/// signature), exhausted, os; each names the kernel or the image.
Result<GuestFiles> open_guest_files(const StartGuest& request, int kernels, int images);

/// Checks a memory file from the daemon, which must be what StartGuest says of it: a memfd of
/// exactly `memory_mib`, sealed. Errc: invalid (says what it is not), os.
Result<void> check_memory_file(int file, const StartGuest& request);

}  // namespace proa::launcher
