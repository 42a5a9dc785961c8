// The root every environment sees: the host's /usr read-only and a generated everything else.
//
// Built once by the spawn role inside its private mount namespace; each environment gets a copy of
// those mounts with its mount namespace. Nothing here is writable, nothing is set-uid, and no file
// of the host's /etc is shown but those that programs need and that hold no secret.
#pragma once

#include "base/result.h"
#include "frames/guest_devices.h"
#include "launcher/config.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace proa::launcher {

/// Inside ids of function code, as on Lambda (sbx_user1051).
inline constexpr unsigned kFunctionUid = frames::kGuestUid;
inline constexpr unsigned kFunctionGid = frames::kGuestGid;

struct RootfsOptions {
  std::filesystem::path root;             ///< an empty folder; becomes a mount point
  std::filesystem::path runtimes_folder;  ///< copied to /var/runtime
  std::filesystem::path init_program;     ///< copied to /var/runtime/proa-init
  std::vector<HostMount> mounts;          ///< interpreters outside /usr, bundled packages
  std::string resolv_conf;                ///< text of /etc/resolv.conf
};

/// Builds the tree and makes it read-only. Errc: not_found (a source is missing), unsupported (the
/// host's /bin is not a link into /usr), os.
Result<void> build_rootfs(const RootfsOptions& options);

/// Where QEMU runs, below `root`, an empty folder that becomes a mount point: the host's /usr,
/// read-only, which holds it and its firmware, /proc, and of devices null and, where the host has
/// it, kvm. Nothing of an account, and nothing that can be written. Errc: as build_rootfs().
Result<void> build_guest_root(const std::filesystem::path& root);

/// The generated files below /etc, name to content; public files of the host (certificates,
/// ld.so.cache, services ...) are copied beside them.
std::map<std::string, std::string> generated_etc(const std::string& resolv_conf);

}  // namespace proa::launcher
