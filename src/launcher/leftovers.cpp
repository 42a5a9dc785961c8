#include "launcher/leftovers.h"

#include "launcher/disk/loop_disk.h"
#include "launcher/net/router.h"
#include "launcher/supervisor.h"

#include <unistd.h>

#include <utility>

namespace proa::launcher {

Result<void> clean_leftovers_of(const std::string& instance_id, CgroupBackend& cgroups) {
  TRY(cgroups.clean_leftovers(instance_id));
  return net::Router::clean_leftovers(-1, instance_id);
}

std::size_t clean_abandoned(const std::filesystem::path& run_folder, std::uint32_t own,
                            CgroupBackend& cgroups, const std::function<void(const Error&)>& tell) {
  std::size_t count = 0;
  for (Instance& dead : Instance::abandoned(run_folder, own)) {
    if (auto cleaned = clean_leftovers_of(dead.id(), cgroups); !cleaned) {
      tell(cleaned.error().with_context("what instance " + dead.id() + " left"));
      continue;
    }
    dead.give_back();
    ++count;
  }
  return count;
}

Result<std::size_t> clean_host(const std::filesystem::path& run_folder,
                               const std::filesystem::path& data_folder) {
  TRY(auto instance, Instance::acquire(run_folder));
  std::size_t count = 0;
  Result<void> failed = ok();
  {
    CgroupOptions cgroup_options;
    cgroup_options.instance = instance.id();
    TRY(const auto cgroups, CgroupBackend::detect(cgroup_options));
    // Ours may be the number of one that is dead.
    TRY(clean_leftovers_of(instance.id(), *cgroups));
    count = clean_abandoned(run_folder, instance.number(), *cgroups,
                            [&failed](const Error& error) { failed = error; });
    DiskOptions disk_options;
    disk_options.folder = data_folder / "disks";
    disk_options.instance = instance.id();
    TRY(const auto disks, DiskFolder::open(disk_options));
    TRY(disks->clean());
  }
  instance.give_back();
  ::rmdir(run_folder.c_str());  // where nobody else is, and it is empty
  TRY(std::move(failed));
  return count;
}

}  // namespace proa::launcher
