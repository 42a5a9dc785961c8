// User namespaces made ahead: joining one is a single system call for the environment.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <cstdint>

namespace proa::launcher {

/// A user namespace that maps inside uid/gid 0 to `uid_base` and the function's uid 993 / gid 990
/// to `uid_base` + 1; nothing else exists in it. Needs CAP_SETUID and CAP_SETGID. Errc: exhausted
/// (user.max_user_namespaces), os.
Result<os::UniqueFd> make_user_namespace(std::uint32_t uid_base);

}  // namespace proa::launcher
