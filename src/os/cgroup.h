// The daemon's side of a control group: freeze, thaw, kill and measure an environment through
// descriptors that the launcher opened and passed. Needs no privilege and no path, and never waits
// behind the launcher: every operation is one write or one read of a kernel file (freeze polls).
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "os/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace proa::os {

/// How control groups are arranged on this host.
enum class CgroupKind : std::uint8_t {
  none = 0,    ///< no usable control groups: nothing is limited
  v1 = 1,      ///< version 1 controllers only; the daemon cannot kill
  hybrid = 2,  ///< version 1 controllers, and a bare cgroup2 for placement, freeze and kill
  v2 = 3,      ///< one cgroup2 tree
};

/// "none", "v1", "hybrid", "v2".
std::string_view to_string(CgroupKind kind);

/// The open kernel files of one environment. A value that travels in a message: shape() as a
/// number, fds() as descriptors. Files that this host does not have hold no descriptor.
struct CgroupFiles {
  CgroupKind kind = CgroupKind::none;
  UniqueFd freeze;        ///< cgroup.freeze or freezer.state, read and write
  UniqueFd events;        ///< cgroup.events; on v1 pids.current
  UniqueFd kill;          ///< cgroup.kill; none on v1
  UniqueFd memory_usage;  ///< memory.current or memory.usage_in_bytes
  UniqueFd memory_peak;   ///< memory.peak or memory.max_usage_in_bytes
  UniqueFd oom_events;    ///< memory.events or memory.oom_control
  UniqueFd cpu;           ///< cpu.stat; on v1 cpuacct.usage
  UniqueFd processors;    ///< cpuset.cpus, write; none without the controller cpuset

  /// The kind in the low byte and, above it, one bit a descriptor that is there, in their order.
  std::uint32_t shape() const;
  /// The descriptors that are there, in order, still owned by this object: for send_message.
  std::vector<int> fds() const;
  /// The other end. Errc: corrupt when `shape` is none of ours or does not fit the descriptors.
  static Result<CgroupFiles> from_fds(std::uint32_t shape, std::vector<UniqueFd> fds);
};

/// Operates one environment's control group. Owned by whoever owns the environment; one thread.
/// Every function returns Errc `unsupported`, naming the file, where this host has no such file,
/// and `unavailable` when the control group has been removed.
class CgroupControl {
 public:
  /// Takes the files and notes where the kernel's counters stand now: oom_kills() and cpu_time()
  /// count from here, because control groups are used again. Errc: os, corrupt.
  static Result<CgroupControl> open(CgroupFiles files);

  CgroupKind kind() const { return files_.kind; }
  bool can_freeze() const { return static_cast<bool>(files_.freeze); }
  /// False on v1: the launcher must be asked to kill.
  bool can_kill() const { return static_cast<bool>(files_.kill); }

  /// Stops every process and returns when the kernel says that all stand still (median 0.1 ms).
  /// Errc: deadline (the order to freeze stands: thaw or kill), os.
  Result<void> freeze(SteadyTime deadline);
  /// Gives the order to freeze and does not wait: on a busy machine processes take milliseconds to
  /// reach the point where they stop. thaw() takes it back at any time. Errc: unsupported, os.
  Result<void> begin_freeze();
  /// Lets them run again; returns at once. Errc: os.
  Result<void> thaw();
  /// SIGKILL to every process, frozen or not; returns at once, is_populated() tells when they are
  /// gone. Errc: os.
  Result<void> kill();

  /// Confines all processes to `processors`, a list as of cpuset(7) ("3", "0-7"); takes effect at
  /// once, also for those that run (4 us on Linux 6.18). Errc: os (no such processor).
  Result<void> run_on(std::string_view processors);

  /// Memory charged now, page cache of its files included.
  Result<Bytes> memory_usage() const;
  /// Most memory charged since the launcher last reset the control group; nothing where the kernel
  /// does not count it (cgroup2 before Linux 5.19).
  Result<std::optional<Bytes>> memory_peak() const;
  /// Processes that the kernel killed for lack of memory since open().
  Result<std::uint64_t> oom_kills() const;
  /// Processor time of all processes, ended ones too, since open().
  Result<std::chrono::microseconds> cpu_time() const;
  /// Whether any process is in it that has not ended (v1: and been reaped).
  Result<bool> is_populated() const;

 private:
  explicit CgroupControl(CgroupFiles files) : files_(std::move(files)) {}
  Result<std::uint64_t> count_oom_kills() const;
  Result<std::chrono::microseconds> count_cpu_time() const;
  Result<bool> is_frozen() const;

  CgroupFiles files_;
  std::uint64_t oom_kills_before_ = 0;
  std::chrono::microseconds cpu_time_before_{0};
};

}  // namespace proa::os
