// Ends of processes, for both roles of proa-init. Private to it; freestanding.
#pragma once

#include "frames/init/control.h"
#include "frames/init/guest_memory.h"

namespace proa::frames::init {

/// SIGKILL to every process but init.
KillRound kill_everyone();
/// A descriptor that is readable when children have ended, or -1.
int open_child_signals();
/// Reaps what has ended and tells `control`, and `watch` before that, if there is one, what memory
/// it used. True when there may be more.
bool reap(Control& control, int signals, MemoryWatch* watch);
/// How long a role may wait in poll(2).
int patience_ms(const Control& control, bool has_more_to_reap);

}  // namespace proa::frames::init
