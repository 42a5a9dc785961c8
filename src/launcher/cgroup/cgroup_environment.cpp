#include "launcher/cgroup/cgroup_environment.h"

#include "launcher/cgroup/cgroup_tree.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace proa::launcher {
namespace {

using std::filesystem::path;

constexpr std::chrono::seconds kRemoveTime{2};
/// Page cache that a reset leaves charged: giving back less costs more than it is worth.
constexpr Bytes kLeftoverKept = Bytes::mib(4);

SteadyTime in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

Result<std::uint64_t> read_count(const path& file) {
  TRY(const auto text, read_line(file));
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) {
    return Error(Errc::corrupt, file.string() + " reads '" + text + "', which is no number");
  }
  return value;
}

/// Opens a kernel file for the daemon; none when this kernel does not have it.
Result<os::UniqueFd> open_if_there(const path& file, int flags) {
  auto fd = os::open_file(file, flags);
  if (!fd && fd.error().code() == Errc::not_found) return os::UniqueFd();
  return fd;
}

}  // namespace

EnvironmentCgroup::EnvironmentCgroup(const CgroupLayout& layout, std::string name)
    : layout_(layout), name_(std::move(name)) {}

EnvironmentCgroup::~EnvironmentCgroup() {
  if (!is_made_) return;
  (void)remove();
}

std::vector<path> EnvironmentCgroup::folders() const {
  std::vector<path> folders = layout_.folders();
  for (auto& folder : folders) folder /= name_;
  return folders;
}

std::optional<path> EnvironmentCgroup::folder_of(const std::string& controller) const {
  const auto folder = layout_.folder_of(controller);
  if (!folder) return std::nullopt;
  return *folder / name_;
}

Result<void> EnvironmentCgroup::make() {
  is_made_ = true;
  for (const auto& folder : folders()) {
    if (::mkdir(folder.c_str(), 0755) == 0) continue;
    if (errno != EEXIST) return os_error("create " + folder.string());
    TRY(const auto processes, processes_in(folder));
    if (processes.empty()) continue;
    is_made_ = false;  // what is in there is not ours to kill
    return Error(Errc::conflict, folder.string() + " exists and has processes");
  }
  return free_processors();
}

// On kind v2 a new control group is free by itself.
Result<void> EnvironmentCgroup::free_processors() {
  const auto folder = folder_of("cpuset");
  if (!folder || layout_.kind == os::CgroupKind::v2) return ok();
  return fill_cpuset(*folder);
}

Result<void> EnvironmentCgroup::set_limits(const CgroupLimits& limits) {
  const bool is_v2 = layout_.kind == os::CgroupKind::v2;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const Bytes memory(limits.memory.count() / page * page);
  if (memory.count() == 0) return Error(Errc::invalid, "memory limit is less than one page");
  if (const auto folder = folder_of("memory")) {
    TRY(is_v2 ? set_memory_v2(*folder, memory) : set_memory_v1(*folder, memory));
  }
  if (const auto folder = folder_of("cpu")) {
    TRY(set_cpu(*folder, limits));
  }
  if (const auto folder = folder_of("pids")) {
    TRY(write_and_check(*folder / "pids.max", std::to_string(limits.pids)));
  }
  return ok();
}

Result<void> EnvironmentCgroup::set_memory_v1(const path& folder, Bytes memory) {
  const path limit = folder / "memory.limit_in_bytes";
  const path with_swap = folder / "memory.memsw.limit_in_bytes";
  const std::string value = std::to_string(memory.count());
  if (!has_file(with_swap)) {
    // Without swap accounting all that can be done is not to swap (reported as not enforced).
    if (has_file(folder / "memory.swappiness")) {
      TRY(write_and_check(folder / "memory.swappiness", "0"));
    }
    return write_and_check(limit, value);
  }
  // memory + swap may never be below memory, on the way up as on the way down.
  TRY(const auto before, read_count(limit));
  const bool is_rising = memory.count() > before;
  TRY(write_and_check(is_rising ? with_swap : limit, value));
  return write_and_check(is_rising ? limit : with_swap, value);
}

Result<void> EnvironmentCgroup::set_memory_v2(const path& folder, Bytes memory) {
  if (has_file(folder / "memory.swap.max")) {
    TRY(write_and_check(folder / "memory.swap.max", "0"));
  }
  return write_and_check(folder / "memory.max", std::to_string(memory.count()));
}

Result<void> EnvironmentCgroup::set_cpu(const path& folder, const CgroupLimits& limits) {
  const bool is_v2 = layout_.kind == os::CgroupKind::v2;
  TRY(write_and_check(folder / (is_v2 ? "cpu.weight" : "cpu.shares"),
                      std::to_string(limits.cpu_shares.count())));
  // A kernel without CFS_BANDWIDTH has no quota files: the report says so.
  if (!has_file(folder / (is_v2 ? "cpu.max" : "cpu.cfs_quota_us"))) return ok();
  const CpuQuota quota = limits.cpu_quota.value_or(
      CpuQuota{std::chrono::microseconds(0), std::chrono::microseconds(100'000)});
  const std::string period = std::to_string(quota.period.count());
  const std::string time = std::to_string(quota.time.count());
  if (is_v2) {
    return write_and_check(folder / "cpu.max", (limits.cpu_quota ? time : "max") + " " + period);
  }
  TRY(write_and_check(folder / "cpu.cfs_quota_us", "-1"));
  TRY(write_and_check(folder / "cpu.cfs_period_us", period));
  if (!limits.cpu_quota) return ok();
  return write_and_check(folder / "cpu.cfs_quota_us", time);
}

Result<CgroupEntry> EnvironmentCgroup::entry_fds() const {
  CgroupEntry entry;
  for (const auto& folder : folders()) {
    if (layout_.cgroup2 && folder == *layout_.cgroup2 / name_) {
      TRY(entry.cgroup2, os::open_file(folder, O_RDONLY | O_DIRECTORY));
    } else {
      TRY(auto tasks, os::open_file(folder / "tasks", O_WRONLY));
      entry.v1_tasks.push_back(std::move(tasks));
    }
  }
  return entry;
}

Result<os::CgroupFiles> EnvironmentCgroup::daemon_files() const {
  os::CgroupFiles files;
  files.kind = layout_.kind;
  const bool is_v2 = layout_.kind == os::CgroupKind::v2;
  if (layout_.cgroup2) {
    const path folder = *layout_.cgroup2 / name_;
    TRY(files.freeze, open_if_there(folder / "cgroup.freeze", O_RDWR));
    TRY(files.events, os::open_file(folder / "cgroup.events", O_RDONLY));
    TRY(files.kill, open_if_there(folder / "cgroup.kill", O_WRONLY));
    TRY(files.cpu, os::open_file(folder / "cpu.stat", O_RDONLY));
  }
  if (layout_.kind == os::CgroupKind::v1) {
    if (const auto freezer = folder_of("freezer")) {
      TRY(files.freeze, os::open_file(*freezer / "freezer.state", O_RDWR));
    }
    if (const auto pids = folder_of("pids")) {
      TRY(files.events, os::open_file(*pids / "pids.current", O_RDONLY));
    }
    if (const auto cpuacct = folder_of("cpuacct")) {
      TRY(files.cpu, os::open_file(*cpuacct / "cpuacct.usage", O_RDONLY));
    }
  }
  if (const auto cpuset = folder_of("cpuset")) {
    TRY(files.processors, open_if_there(*cpuset / "cpuset.cpus", O_WRONLY));
  }
  const auto memory = folder_of("memory");
  if (!memory) return files;
  TRY(files.memory_usage,
      os::open_file(*memory / (is_v2 ? "memory.current" : "memory.usage_in_bytes"), O_RDONLY));
  TRY(files.oom_events,
      os::open_file(*memory / (is_v2 ? "memory.events" : "memory.oom_control"), O_RDONLY));
  if (is_v2) {
    TRY(files.memory_peak, open_if_there(*memory / "memory.peak", O_RDONLY));
  } else {
    TRY(files.memory_peak, os::open_file(*memory / "memory.max_usage_in_bytes", O_RDONLY));
  }
  return files;
}

Result<void> EnvironmentCgroup::kill() { return kill_processes(folders(), in(kRemoveTime)); }

Result<void> EnvironmentCgroup::reset() {
  TRY(kill());
  const auto memory = folder_of("memory");
  if (memory) {
    TRY(drop_page_cache(*memory));
  }
  TRY(free_processors());
  if (layout_.kind != os::CgroupKind::v2) {
    TRY(zero_v1_counters());
  }
  if (!layout_.cgroup2) return ok();
  // Not used again: Linux 6.12 and later kill every process that clone3 starts in a cgroup2 which
  // was killed before (fork compares the kill count of the parent's control group with this one's).
  // A new one also begins with all counters at zero.
  const path folder = *layout_.cgroup2 / name_;
  TRY(remove_folder(folder, in(kRemoveTime)));
  if (::mkdir(folder.c_str(), 0755) != 0) return os_error("create " + folder.string());
  return ok();
}

Result<void> EnvironmentCgroup::drop_page_cache(const path& folder) {
  const bool is_v2 = layout_.kind == os::CgroupKind::v2;
  TRY(const auto left, read_count(folder / (is_v2 ? "memory.current" : "memory.usage_in_bytes")));
  if (Bytes(left) <= kLeftoverKept) return ok();
  const path file = folder / (is_v2 ? "memory.reclaim" : "memory.force_empty");
  auto written = os::write_kernel_file(file, std::to_string(left));
  // Not everything can be given back (EAGAIN, EBUSY): files that others map too stay charged, which
  // the kernel reclaims when the next environment needs the room. memory.reclaim is Linux 5.19.
  const int reason = written ? 0 : written.error().os_errno();
  if (reason == 0 || reason == EAGAIN || reason == EBUSY || reason == ENOENT) return ok();
  return written;
}

Result<void> EnvironmentCgroup::zero_v1_counters() {
  if (const auto folder = folder_of("memory")) {
    for (const char* name : {"memory.max_usage_in_bytes", "memory.failcnt",
                             "memory.memsw.max_usage_in_bytes", "memory.memsw.failcnt"}) {
      if (!has_file(*folder / name)) continue;
      TRY(os::write_kernel_file(*folder / name, "0"));
    }
  }
  const auto cpuacct = folder_of("cpuacct");
  if (!cpuacct) return ok();
  return os::write_kernel_file(*cpuacct / "cpuacct.usage", "0");
}

Result<void> EnvironmentCgroup::remove() {
  if (!is_made_) return ok();
  const auto deadline = in(kRemoveTime);
  TRY(kill_processes(folders(), deadline));
  for (const auto& folder : folders()) {
    TRY(remove_folder(folder, deadline));
  }
  is_made_ = false;
  return ok();
}

}  // namespace proa::launcher
