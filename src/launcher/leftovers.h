// What instances leave on the host that ended without a chance to clean up. Private to launcher/.
#pragma once

#include "launcher/cgroup/cgroup_backend.h"
#include "launcher/instance.h"

#include <functional>
#include <string>

namespace proa::launcher {

/// Kills and removes the control groups, devices and rules of one instance, whose lock the caller
/// holds. Its disks are DiskFolder::clean()'s. Errc: as the two.
Result<void> clean_leftovers_of(const std::string& instance_id, CgroupBackend& cgroups);

/// The same for all instances that are dead; each is given back. What fails is told and left.
std::size_t clean_abandoned(const std::filesystem::path& run_folder, std::uint32_t own,
                            CgroupBackend& cgroups, const std::function<void(const Error&)>& tell);

}  // namespace proa::launcher
