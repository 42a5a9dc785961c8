// The system calls that the launcher's roles may make once they serve the daemon.
#pragma once

#include "launcher/seccomp_filter.h"

namespace proa::launcher {

enum class Role { spawn, pool };

/// Builds the filter of `role`: an allow-list of what ordinary programs use and what the role is
/// for. Everything else is EPERM and kills nobody: function code inherits the spawn role's filter
/// beneath its own, where a refusal must look as always, and a call that we failed to list must be
/// an error with a name, not the end of every environment (docs/decisions/0008). What the spawn
/// role allows contains all that environments may do. Errc: internal.
Result<FilterProgram> build_role_filter(Role role);

/// Confines the calling process, and whatever it starts, for good. Needs CAP_SYS_ADMIN.
/// Errc: internal, os.
Result<void> confine(Role role);

}  // namespace proa::launcher
