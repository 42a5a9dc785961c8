// The launcher: the privileged processes that make environments, and the daemon's way to them.
//
// Nouns: supervisor (holds the instance number, forks the roles, starts them again), spawn role
// (clones first processes, mounts code into them, reaps), pool role (user and network namespaces,
// cgroups, /tmp disks), slot (what the pool role made ready for one environment), Client (the
// daemon's end; one a shard). Main starts the supervisor while it is root and drops its privileges
// then; `sandbox/container` calls the Client. The daemon is treated as hostile: see protocol.h.
// Roles are single-threaded and synchronous; the Client runs on its shard's executor.
// Long document: docs/architecture.md, "Launcher".
#pragma once

#include "base/task.h"
#include "launcher/config.h"
#include "launcher/environment_sockets.h"
#include "launcher/outside_range.h"
#include "launcher/protocol.h"
#include "os/seqpacket.h"
#include "os/unique_fd.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace proa::launcher {

/// The supervisor as started by start_launcher(): its pid and the socket on which RolesUp arrives.
struct LauncherProcess {
  int pid = -1;
  os::UniqueFd socket;
};

/// Forks and executes `program` (proa-launcher) with `config`. Call as root, before threads exist.
/// Errc: not_found, os.
Result<LauncherProcess> start_launcher(const std::filesystem::path& program,
                                       const LauncherConfig& config);

/// Connections of one generation of roles.
struct RoleConnections {
  std::uint32_t instance = 0;
  std::vector<os::UniqueFd> spawn;
  std::vector<os::UniqueFd> pool;
};

/// Waits for and decodes a RolesUp. Blocks. Errc: unavailable (the supervisor is gone), corrupt.
Result<RoleConnections> receive_roles(int supervisor_socket);

/// How a sandbox's first process ended.
struct SandboxExit {
  int wait_status = 0;
  bool is_launcher_lost = false;  ///< ended because the spawn role died
  std::string start_failure;      ///< not empty: failed before proa-init ran; says at which step
};

/// A slot given to this client: its name, the cgroup's files, the listeners inside.
struct AcquiredSlot {
  SlotId id;
  std::uint32_t cgroup_kind = 0;         ///< kind of os::CgroupFiles
  std::vector<os::UniqueFd> cgroup_fds;  ///< in the order of os::CgroupFiles
  EnvironmentSockets sockets;
};

/// What a guest is booted with.
struct GuestPlan {
  std::string kernel;  ///< its id in the data folder
  Accelerator accelerator = Accelerator::tcg;
  std::uint32_t memory_mib = 0;
  std::uint32_t tsc_khz = 0;
  bool needs_acpi = false;
  // Ids of images in the data folder's images/ID.erofs; empty: none.
  std::string root_image;    ///< what function code sees as its root; without it, a bare kernel
  std::string code_image;    ///< /var/task; with a root only
  std::string layers_image;  ///< /opt; with a root only
  GuestMemory memory = GuestMemory::own;
  std::shared_ptr<const os::UniqueFd> memory_file;  ///< as GuestMemory says; null with `own`
};

/// Our ends of a guest: its port (frames/streams.h), what its console and QEMU print, and QEMU's
/// monitor for memory that is not the machine's own.
struct GuestEnds {
  os::UniqueFd port;
  os::UniqueFd console;
  os::UniqueFd monitor;
  bool has_ipv6 = false;  ///< whether its network has
};

/// Where environments' DNS questions arrive: bound, non-blocking sockets at the gateway address in
/// the router's namespace (those of IPv6 may be missing), and who asks from which address.
struct DnsGateway {
  os::UniqueFd udp4;
  os::UniqueFd tcp4;
  os::UniqueFd udp6;
  os::UniqueFd tcp6;
  OutsideRange outside;
};

/// Told what a slot's environment may reach from now on; nothing when it is no environment any
/// more.
using NetworkChange = std::function<void(SlotId, std::optional<Network>)>;

/// The daemon's end of one shard's two connections. Lives on one executor; all members are called
/// there. Destroying it ends every environment it started.
class Client {
 public:
  Client(boost::asio::any_io_executor executor, os::UniqueFd spawn, os::UniqueFd pool,
         NetworkChange on_network = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// A slot with a /tmp of `tmp_mib`, to start one `use` in. Errc: exhausted, unavailable (the role
  /// is gone), unsupported (a guest, on a host without /dev/net/tun), os.
  Task<AcquiredSlot> acquire_slot(std::uint32_t tmp_mib, SlotUse use);
  /// Sets limits and network. Errc: os (a limit did not take; names it), not_found, unavailable.
  Task<void> configure_slot(SlotId slot, Limits limits, Network network);
  /// Starts proa-init in a container's slot; the result is the control link. Errc: conflict (a
  /// guest's slot), exhausted, os, unavailable.
  Task<os::UniqueFd> start_sandbox(SlotId slot);
  /// Boots a virtual machine in a guest's slot. Errc: not_found (kernel, image), invalid (no id of
  /// one, or no memory file as it must be), conflict (a container's slot), unsupported (QEMU is not
  /// installed), corrupt, exhausted, os, unavailable.
  Task<GuestEnds> start_guest(SlotId slot, GuestPlan plan);
  /// Mounts code and layers. Errc: not_found (tree), invalid (no tree id), os, unavailable.
  /// With a `root`, that becomes the container's around them.
  Task<void> adopt_code(SlotId slot, std::string code, std::vector<std::string> layers,
                        std::string root = {});
  /// Makes a tree, which has the folders of a root, that of a container. Errc: as adopt_code().
  Task<void> adopt_root(SlotId slot, std::string tree);
  /// Completes when the sandbox's first process has ended. Errc: cancelled.
  Task<SandboxExit> exited(SlotId slot);
  /// Kills the first process and with it everything inside. The fast way is os::CgroupControl.
  void kill(SlotId slot);
  /// Gives the slot back; what still runs in it is killed.
  void release(SlotId slot);
  /// The pool role's status (what is enforced, slots) as JSON. Errc: unavailable.
  Task<std::string> pool_status();
  /// The sockets for a DNS forwarder; once in the life of the roles. Errc: unavailable (gone, or
  /// environments have no network: says why), os.
  Task<DnsGateway> open_gateway_dns();
  /// Whether both roles answer; false from the moment a connection is lost.
  bool is_connected() const { return is_connected_; }
  /// Closes both connections: the end of every environment started here.
  void disconnect() { lose(); }
  /// Takes connections to newly started roles; everything of the old ones has failed before.
  void reconnect(os::UniqueFd spawn, os::UniqueFd pool);

 private:
  struct Waiter;
  struct ExitState;
  using Answer = Result<std::pair<Reply, std::vector<os::UniqueFd>>>;

  Task<std::pair<Reply, std::vector<os::UniqueFd>>> ask(bool is_spawn, std::uint64_t number,
                                                        Request request, int fd = -1);
  void connect(os::UniqueFd spawn, os::UniqueFd pool);
  void listen(std::shared_ptr<boost::asio::posix::stream_descriptor> connection);
  void drain(boost::asio::posix::stream_descriptor& connection);
  void take(const Reply& reply, std::vector<os::UniqueFd> fds);
  void take_exit(const Exited& exited);
  void lose();
  Result<void> post(boost::asio::posix::stream_descriptor* connection, const Request& request,
                    std::span<const int> fds = {});
  std::shared_ptr<ExitState> exit_state(SlotId slot);

  void set_network(SlotId slot, std::optional<Network> network);

  boost::asio::any_io_executor executor_;
  NetworkChange on_network_;
  // Shared with the pending wait handler, which may run after a reconnect replaced the connection.
  std::shared_ptr<boost::asio::posix::stream_descriptor> spawn_;
  std::shared_ptr<boost::asio::posix::stream_descriptor> pool_;
  bool is_connected_ = false;
  std::uint64_t next_request_ = 1;
  std::unordered_map<std::uint64_t, std::shared_ptr<Waiter>> waiting_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::shared_ptr<ExitState>> exits_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> networked_;  ///< slots on_network_ knows
};

}  // namespace proa::launcher
