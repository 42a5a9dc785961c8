// Starting the one process of an environment, with nothing of init's own left in it.
// Private to proa-init; freestanding; single-threaded, all signals blocked in the caller.
#pragma once

#include "frames/frames.h"
#include "frames/init/control.h"

#include <span>
#include <string_view>

namespace proa::frames::init {

/// oom_score_adj of what init starts. A container's init may not lower its own, so its processes go
/// first; a guest's has (guest_limits.h), and they are ordinary.
inline constexpr std::string_view kContainerOomScore = "500";
inline constexpr std::string_view kGuestOomScore = "0";

/// Starts the program that `view` describes in a session of its own: descriptor i of the list as
/// its descriptor i and no others, default signals, uid and gid of the view, no capabilities (also
/// none to gain: no_new_privs), its directory, `oom_score` for the OOM killer where that may be
/// set. Resource limits stay. The caller keeps its copies of the descriptors, which are all
/// above 2. Returns when the program runs (execve succeeded, or the process was killed before) or
/// with the errno of the step that failed; then nothing is left to reap.
Started start_process(const StartView& view, std::span<const int> descriptors,
                      std::string_view oom_score);

/// Blocks every signal and gives every one its default disposition, which processes started later
/// inherit. Process 1 needs no handlers: the kernel drops signals of default disposition that come
/// from inside its namespace. False when the mask cannot be set.
bool quiet_signals();

}  // namespace proa::frames::init
