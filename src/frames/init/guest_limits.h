// What a container's first process finds set for it and a guest's has to set. Private to proa-init;
// freestanding.
#pragma once

namespace proa::frames::init {

/// Host name, limits of descriptors, core files and processes, no new user namespaces, and init
/// itself last in line for the OOM killer. Processes started later inherit the limits. Null, or
/// what failed (errno says why).
const char* set_guest_limits();

}  // namespace proa::frames::init
