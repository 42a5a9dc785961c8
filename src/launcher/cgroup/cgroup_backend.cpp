#include "launcher/cgroup/cgroup_backend.h"

#include "launcher/cgroup/cgroup_tree.h"

#include <unistd.h>

#include <set>

namespace proa::launcher {
namespace {

using std::filesystem::path;

constexpr std::chrono::seconds kCleanTime{10};

Result<void> check_name(std::string_view what, std::string_view name) {
  if (is_cgroup_name(name)) return ok();
  return Error(Errc::invalid,
               std::string(what) + " '" + std::string(name) + "' cannot name a control group");
}

/// Direct sub-folders' names.
std::set<std::string> children_of(const path& folder) {
  std::set<std::string> names;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code gone;
    if (entry->is_directory(gone)) names.insert(entry->path().filename().string());
  }
  return names;
}

}  // namespace

Result<std::unique_ptr<CgroupBackend>> CgroupBackend::detect(const CgroupOptions& options) {
  TRY(check_name("instance", options.instance));
  CgroupLayout layout;
  layout.instance = options.instance;
  if (options.only == os::CgroupKind::none) {
    for (const char* controller : {"memory", "cpu", "pids", "cpuset"}) {
      layout.missing[controller] = "control groups are switched off";
    }
  } else {
    LayoutSearch search;
    search.instance = options.instance;
    search.proc_self = options.proc_self;
    search.only = options.only;
    TRY(layout, find_layout(search));
  }
  return std::unique_ptr<CgroupBackend>(new CgroupBackend(std::move(layout), options.cpu_policy));
}

CgroupBackend::~CgroupBackend() {
  for (const auto& folder : layout_.folders()) ::rmdir(folder.c_str());
}

Result<std::unique_ptr<EnvironmentCgroup>> CgroupBackend::create(std::string name) {
  TRY(check_name("slot", name));
  auto cgroup = std::make_unique<EnvironmentCgroup>(layout_, std::move(name));
  TRY(cgroup->make());
  return cgroup;
}

LimitReport CgroupBackend::report(const std::string& limit, const std::string& controller,
                                  const std::string& v2_file, const std::string& v1_file) const {
  LimitReport report;
  report.limit = limit;
  const auto folder = layout_.folder_of(controller);
  if (!folder) {
    const auto missing = layout_.missing.find(controller);
    report.reason = missing == layout_.missing.end() ? "no controller " + controller
                                                     : controller + ": " + missing->second;
    return report;
  }
  const path file = *folder / (layout_.kind == os::CgroupKind::v2 ? v2_file : v1_file);
  report.is_enforced = ::access(file.c_str(), W_OK) == 0;
  report.reason = report.is_enforced ? file.string() : "this kernel has no " + file.string();
  return report;
}

std::vector<LimitReport> CgroupBackend::enforcement() const {
  std::vector<LimitReport> reports;
  reports.push_back(report("memory", "memory", "memory.max", "memory.limit_in_bytes"));
  reports.push_back(report("swap", "memory", "memory.swap.max", "memory.memsw.limit_in_bytes"));
  reports.push_back(report("cpu_weight", "cpu", "cpu.weight", "cpu.shares"));
  reports.push_back(report("cpu_quota", "cpu", "cpu.max", "cpu.cfs_quota_us"));
  if (reports.back().is_enforced && cpu_policy_ != CpuPolicy::quota) {
    reports.back().is_enforced = false;
    reports.back().reason = "not asked for (--cpu-policy weight)";
  }
  reports.push_back(report("pids", "pids", "pids.max", "pids.max"));
  reports.push_back(report("processors", "cpuset", "cpuset.cpus", "cpuset.cpus"));
  return reports;
}

Result<std::size_t> CgroupBackend::clean_leftovers(std::string_view instance) {
  TRY(check_name("instance", instance));
  const auto deadline = std::chrono::steady_clock::now() + kCleanTime;
  const bool is_own = instance == layout_.instance;
  std::vector<path> folders;
  std::set<std::string> slots;
  for (const auto& own : layout_.folders()) {
    folders.push_back(own.parent_path() / instance_folder_name(instance));
    slots.merge(children_of(folders.back()));
  }
  // All at once: a process that one hierarchy holds frozen cannot die in another.
  TRY(kill_processes(folders, deadline));
  for (const auto& folder : folders) {
    for (const auto& child : children_of(folder)) {
      TRY(remove_folder(folder / child, deadline));
    }
    if (is_own) continue;
    TRY(remove_folder(folder, deadline));
  }
  return slots.size();
}

}  // namespace proa::launcher
