// Control groups of one instance of Proa: detection, one per environment slot, clean-up.
//
// Every folder is named proa-<instance>/<slot>, so that instances on one host keep apart. The
// launcher's pool role makes them ahead of need, its spawn role puts the first process of an
// environment in (CgroupEntry), and the daemon freezes, kills and measures through descriptors
// (os/cgroup.h). Which kind a host has is read from its files, never from its name; every limit is
// read back; what cannot be enforced is reported. Synchronous, for a single-threaded process.
#pragma once

#include "base/result.h"
#include "launcher/cgroup/cgroup_environment.h"
#include "launcher/cgroup/cgroup_layout.h"
#include "launcher/cgroup/cgroup_limits.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::launcher {

struct CgroupOptions {
  std::string instance;                            ///< is_cgroup_name()
  CpuPolicy cpu_policy = CpuPolicy::weight;        ///< for the report
  std::filesystem::path proc_self = "/proc/self";  ///< where `cgroup` and `mountinfo` are read
  std::optional<os::CgroupKind> only;              ///< insist on this kind (`none` included)
};

/// The control groups of one instance. Owned by the pool role for its whole life; outlives every
/// EnvironmentCgroup it makes.
class CgroupBackend {
 public:
  /// Finds the kind and makes the instance's folders; on kind v2 this process may be moved into a
  /// leaf of its own. A host without usable control groups gives kind `none`, whose report says
  /// why. Errc: invalid (instance), unsupported (`only` is not possible here), os.
  static Result<std::unique_ptr<CgroupBackend>> detect(const CgroupOptions& options);
  CgroupBackend(const CgroupBackend&) = delete;
  CgroupBackend& operator=(const CgroupBackend&) = delete;
  /// Removes the instance's folders if they are empty.
  ~CgroupBackend();

  os::CgroupKind kind() const { return layout_.kind; }
  const CgroupLayout& layout() const { return layout_; }

  /// The control group `name` of this instance, empty and without limits. Errc: invalid (name),
  /// conflict (it has processes: clean_leftovers() first), exhausted, os.
  Result<std::unique_ptr<EnvironmentCgroup>> create(std::string name);
  /// For each limit whether it holds here, and by which file or why not.
  std::vector<LimitReport> enforcement() const;
  /// Kills and removes all that `instance` left in the hierarchies of this host; returns how many
  /// slots that were. For our own instance only before the first create(). Errc: invalid, deadline,
  /// os. The caller holds that instance's lock.
  Result<std::size_t> clean_leftovers(std::string_view instance);

 private:
  CgroupBackend(CgroupLayout layout, CpuPolicy policy)
      : layout_(std::move(layout)), cpu_policy_(policy) {}
  LimitReport report(const std::string& limit, const std::string& controller,
                     const std::string& v2_file, const std::string& v1_file) const;

  CgroupLayout layout_;
  CpuPolicy cpu_policy_;
};

}  // namespace proa::launcher
