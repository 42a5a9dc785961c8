// Where control groups of this instance go, found by what the kernel's files say.
#pragma once

#include "base/result.h"
#include "os/cgroup.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::launcher {

/// One mounted control group hierarchy, a line of /proc/self/mountinfo.
struct CgroupMount {
  std::filesystem::path point;
  std::string root;                      ///< part of the hierarchy that the mount shows
  std::vector<std::string> controllers;  ///< of v1; empty for cgroup2
  bool is_v2 = false;
};

/// The control group mounts of `mountinfo` (proc(5)).
std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo);
/// The cgroup2 path in the text of /proc/self/cgroup, or nothing.
std::optional<std::string> parse_own_cgroup2(std::string_view text);

/// The folders of one instance: a slot's control group is a folder of that slot's name in each.
struct CgroupLayout {
  os::CgroupKind kind = os::CgroupKind::none;
  std::string instance;
  /// On cgroup2: placement, freeze, kill, processor time; on kind v2 the limits too.
  std::optional<std::filesystem::path> cgroup2;
  /// Folders by v1 controller: memory, cpu, pids, cpuset; on kind v1 also freezer and cpuacct.
  std::map<std::string, std::filesystem::path> v1;
  /// Why a controller cannot be used, by its name.
  std::map<std::string, std::string> missing;
  /// What the operator should know, e.g. that the subtree is not delegated.
  std::vector<std::string> notes;

  /// Folder whose files limit `controller`; nothing when it is not available.
  std::optional<std::filesystem::path> folder_of(const std::string& controller) const;
  /// Each folder of the instance once.
  std::vector<std::filesystem::path> folders() const;
};

/// Gives a new v1 cpuset folder what its parent has: version 1 begins with nothing, and takes no
/// process then (cgroup-v1/cpusets.rst). Errc: os.
Result<void> fill_cpuset(const std::filesystem::path& folder);

/// "proa-<instance>".
std::string instance_folder_name(std::string_view instance);

/// Where and what to look for.
struct LayoutSearch {
  std::string instance;
  std::filesystem::path proc_self = "/proc/self";  ///< folder with `cgroup` and `mountinfo`
  std::optional<os::CgroupKind> only;              ///< this kind or an error
};

/// Finds the best kind that works and makes the instance's folders. On kind v2 this process and
/// those beside it may be moved into a leaf "proa-<instance>.self" (a cgroup2 with processes cannot
/// hand controllers to children). Kind `none` is no error: its notes say why.
/// Errc: not_found, os (the proc files), unsupported (`only` is not possible here).
Result<CgroupLayout> find_layout(const LayoutSearch& search);

}  // namespace proa::launcher
