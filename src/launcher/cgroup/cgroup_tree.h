// Plain operations on control group folders: list, kill, wait, remove. For the launcher only.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace proa::launcher {

/// Whether `text` may name a control group of ours: 1 to 64 of a-z, 0-9, '-', '_', '.', and not
/// beginning with a dot or a dash. Never a path.
bool is_cgroup_name(std::string_view text);

/// Writes `value` to an existing kernel file and reads it back. Errc: os (the message names the
/// file and both values when they differ), not_found.
Result<void> write_and_check(const std::filesystem::path& file, std::string_view value);

/// A kernel file without its final newline. Errc: not_found, os.
Result<std::string> read_line(const std::filesystem::path& file);

/// Whether the kernel has this file of a control group.
bool has_file(const std::filesystem::path& file);

/// Process ids in `folder` itself; a process that this pid namespace cannot see is left out.
/// A folder that is gone has none. Errc: os.
Result<std::vector<pid_t>> processes_in(const std::filesystem::path& folder);

/// `folder` and every control group below it, deepest first; empty when it does not exist.
std::vector<std::filesystem::path> folders_below(const std::filesystem::path& folder);

/// Sends SIGKILL to all processes in and below `folders` and returns when none is left; frozen ones
/// are thawed. Uses cgroup.kill where the kernel has it. Errc: deadline (names a folder that still
/// has processes), os.
Result<void> kill_processes(const std::vector<std::filesystem::path>& folders, SteadyTime deadline);

/// Removes `folder` and all below it, which must be empty of processes; tries again while the
/// kernel says busy. Fine when it does not exist. Errc: deadline, os.
Result<void> remove_folder(const std::filesystem::path& folder, SteadyTime deadline);

}  // namespace proa::launcher
