// What a guest lacks when its first process starts. Private to proa-init; freestanding.
#pragma once

namespace proa::frames::init {

/// Mounts /proc, /sys and /dev, and opens the console as standard input, output and error. Null, or
/// what failed (errno says why).
const char* mount_system();
/// Loads what /modules/list names, one path a line, in its order, and deletes the files, which are
/// the guest's memory. Null, or the path that failed.
const char* load_modules();
/// The virtserialport called `name`, once the host is connected to it; -1 after ten seconds.
int open_port(const char* name);

}  // namespace proa::frames::init
