#include "launcher/pool_role.h"
#include "launcher/role_filter.h"
#include "launcher/spawn_role.h"
#include "launcher/supervisor.h"

#include <boost/json.hpp>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace proa::launcher {
namespace {

constexpr std::uint64_t bit(int capability) { return 1ULL << static_cast<unsigned>(capability); }

Result<void> serve_spawn(RoleStart& start) {
  TRY(enter_stage(start.config, start.instance.folder()));
  // SYS_ADMIN, SYS_CHROOT: namespaces and mounts (setns into a mount namespace asks for both).
  // SETUID, SETGID, SETPCAP: the child's identity. KILL: other uids' processes. DAC_READ_SEARCH:
  // code trees belong to the daemon's user.
  TRY(keep_capabilities(bit(CAP_SYS_ADMIN) | bit(CAP_SYS_CHROOT) | bit(CAP_SETUID) |
                        bit(CAP_SETGID) | bit(CAP_SETPCAP) | bit(CAP_KILL) |
                        bit(CAP_DAC_READ_SEARCH) | bit(CAP_SYS_RESOURCE)));
  TRY(auto role,
      SpawnRole::create(std::move(start.daemon), std::move(start.peer), start.config.kernel_key));
  TRY(confine(Role::spawn));
  role.run();
  return ok();
}

Result<void> serve_pool(RoleStart& start) {
  // SYS_ADMIN: namespaces, mounts, loop devices. NET_ADMIN, BPF, PERFMON, NET_BIND_SERVICE: the
  // router. SETUID, SETGID: id maps, pasta's user. MKNOD: pasta's device. CHOWN, DAC_OVERRIDE,
  // FOWNER: disks of other users' ids. KILL. SYS_NICE: handing out cpuset on cgroup2 moves
  // processes that have more capabilities than this role.
  TRY(keep_capabilities(bit(CAP_SYS_ADMIN) | bit(CAP_NET_ADMIN) | bit(CAP_BPF) | bit(CAP_PERFMON) |
                        bit(CAP_NET_BIND_SERVICE) | bit(CAP_NET_RAW) | bit(CAP_SETUID) |
                        bit(CAP_SETGID) | bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) |
                        bit(CAP_KILL) | bit(CAP_SYS_RESOURCE) | bit(CAP_MKNOD) |
                        bit(CAP_SYS_NICE)));
  TRY(auto role, PoolRole::create(start.config, start.instance,
                                  {std::move(start.daemon), std::move(start.peer)}));
  TRY(confine(Role::pool));
  role->run();
  return ok();
}

}  // namespace

void run_pool_role(RoleStart start) {
  const pid_t supervisor = ::getppid();
  auto served = serve_pool(start);
  if (!served) report("pool", served.error());
  if (::getppid() != supervisor) start.instance.give_back();  // nobody else will
  ::_exit(served ? 0 : 1);
}

void run_spawn_role(RoleStart start) {
  auto served = serve_spawn(start);
  if (!served) report("spawn", served.error());
  ::_exit(served ? 0 : 1);
}

Result<void> keep_capabilities(std::uint64_t kept) {
  // What we do not have cannot be kept: this machine's root may lack some already.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return os_error("capget");
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept & bit(capability)) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      if (errno == EINVAL) break;  // past the kernel's last capability
      return os_error("drop capability " + std::to_string(capability));
    }
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const auto mask = static_cast<std::uint32_t>(kept >> (32 * i));
    sets[i].permitted &= mask;
    sets[i].effective = sets[i].permitted;
    sets[i].inheritable = 0;
  }
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return os_error("capset");
  return ok();
}

void report(std::string_view role, const Error& error) {
  boost::json::object line;
  line["level"] = "error";
  line["module"] = "launcher";
  line["event"] = "role_failed";
  line["role"] = role;
  line["reason"] = error.message();
  const std::string text = boost::json::serialize(line) + "\n";
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace proa::launcher
