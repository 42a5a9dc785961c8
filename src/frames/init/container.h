// The container role of proa-init: process 1 of a pid namespace that the launcher has set up.
//
// The launcher has done mounts, namespaces, cgroup, seccomp and limits. Init runs as uid 0 of its
// user namespace with at most CAP_SETUID, CAP_SETGID and CAP_KILL, with descriptors 0-2 on
// /dev/null and 3 the control link (a Unix stream socket). The guest role will stand beside this
// one and drive the same Control. Freestanding; one thread.
#pragma once

#include "frames/init/control.h"

namespace proa::frames::init {

inline constexpr int kControlDescriptor = 3;

/// Serves the control link until it ends or something is wrong, and kills every process of the
/// namespace before it returns the reason. Refuses (not_first) to run as any process but 1, because
/// it would kill processes that are not its own.
Stop run_container();

}  // namespace proa::frames::init
