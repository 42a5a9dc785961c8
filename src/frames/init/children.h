// Ends of processes, for both roles of proa-init. Private to it; freestanding.
#pragma once

#include "frames/init/control.h"

namespace proa::frames::init {

/// SIGKILL to every process but init.
KillRound kill_everyone();
/// A descriptor that is readable when children have ended, or -1.
int open_child_signals();
/// Reaps what has ended and tells `control`. True when there may be more.
bool reap(Control& control, int signals);
/// How long a role may wait in poll(2).
int patience_ms(const Control& control, bool has_more_to_reap);

}  // namespace proa::frames::init
