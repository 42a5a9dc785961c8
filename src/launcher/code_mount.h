// Mounting a function's code and layers into a running environment.
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

namespace proa::launcher {

/// Puts the trees `code` on /var/task and `layers` (later ones win) on /opt of the environment
/// behind `mount_namespace`: read-only, nosuid, nodev. `code_folder` is an open descriptor of
/// the folder with all trees, reached in this process's own mount namespace. 0.4 ms.
/// Errc: not_found (a tree is missing), os.
Result<void> mount_code(int mount_namespace, int code_folder, const std::string& code,
                        std::span<const std::string> layers);

/// Makes the tree `root` the root of the environment behind `mount_namespace`, for its first
/// process too: read-only, nosuid, nodev; /proc, /dev, /tmp and the files that say its addresses
/// are those it had. Nothing of the former root can be reached afterwards. `root` has folders of
/// these names. With `has_code`, after mount_code(), /var/task and /opt move along and /var/runtime
/// is there, too; then it has these folders as well. Errc: as mount_code().
Result<void> mount_root(int mount_namespace, int code_folder, const std::string& root,
                        bool has_code);

}  // namespace proa::launcher
