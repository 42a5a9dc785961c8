// What the daemon tells the launcher before it drops its privileges: trusted, read once.
#pragma once

#include "base/ed25519.h"
#include "base/result.h"
#include "launcher/cgroup/cgroup_limits.h"
#include "launcher/net/uplink_choice.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::launcher {

/// A file or folder of the host that every environment sees, read-only.
struct HostMount {
  std::filesystem::path source;  ///< empty: an empty folder, to hide what an earlier mount shows
  std::filesystem::path target;  ///< relative to the root: "var/lang/python3.12/lib"
};

struct LauncherConfig {
  std::filesystem::path run_folder = "/run/proa";  ///< instance locks and mount points
  std::filesystem::path data_folder;               ///< holds code/ and disks/
  std::filesystem::path runtimes_folder;           ///< copied to /var/runtime
  std::filesystem::path init_program;              ///< proa-init
  std::vector<HostMount> mounts;                   ///< interpreters outside /usr, bundled packages
  std::uint32_t shards = 1;                        ///< connections each role serves
  std::uint32_t spare_slots = 4;                   ///< slots made ready ahead of need
  std::uint32_t max_slots = 1024;
  std::uint32_t daemon_uid = 0;  ///< who owns the data folder
  std::uint32_t daemon_gid = 0;
  CpuPolicy cpu_policy = CpuPolicy::weight;
  std::string resolv_conf;                    ///< text of the environments' /etc/resolv.conf
  UplinkMode uplink = UplinkMode::automatic;  ///< how environments reach the network
  bool may_enable_forwarding = false;         ///< may switch on the host's IP forwarding
  /// By whose other half the kernels of guests are signed; without it none boots.
  std::optional<Ed25519Public> kernel_key;
};

/// JSON of a configuration, and back. Errc: invalid (names the field).
std::string to_json(const LauncherConfig& config);
Result<LauncherConfig> parse_config(std::string_view text);

}  // namespace proa::launcher
