// The typed messages between the daemon and the launcher's roles, and their wire form.
//
// The daemon is treated as hostile: it names slots, content-addressed code trees and numbers within
// fixed ranges, never a path, an argv, a uid or a rule. Messages have no padding, so that encoding
// one never copies bytes of the stack into another process.
#pragma once

#include "base/result.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace proa::launcher {

/// Length of a code tree's name: SHA-256 in lower-case hexadecimal.
inline constexpr std::size_t kTreeIdSize = 64;
using TreeId = std::array<char, kTreeIdSize>;
/// Most layers of a function (Lambda's limit).
inline constexpr std::size_t kMaxLayers = 5;
/// Environments of one instance at most; also the size of its block of user ids.
inline constexpr std::uint32_t kMaxSlots = 8192;

/// Connections each role serves at most: two of them fit one message's descriptors.
inline constexpr std::uint32_t kMaxShards = 32;

/// Names a slot for as long as one environment has it. `generation` changes with every use, so a
/// late message about an earlier environment is recognised.
struct SlotId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  bool operator==(const SlotId&) const = default;
};

/// Network reach of an environment, as in model::NetworkPolicy.
enum class Network : std::uint32_t { none = 0, internet = 1, lan = 2 };

/// Limits of one environment. 0 means "not given" nowhere: every field is set.
struct Limits {
  std::uint64_t memory_bytes = 0;  ///< 64 MiB to 64 GiB
  std::uint32_t pids = 0;          ///< 1 to 65,536
  std::uint32_t memory_mib = 0;    ///< the function's MemorySize, from which CPU follows
};

/// What becomes of a slot: its disk and its network are made for one of these.
enum class SlotUse : std::uint32_t { container = 0, guest = 1 };

// Daemon to pool role.
struct AcquireSlot {
  std::uint64_t request = 0;
  std::uint32_t tmp_mib = 0;  ///< size of /tmp, 512 to 10,240
  SlotUse use = SlotUse::container;
};
/// Sets limits and network of a slot before function code runs in it.
struct ConfigureSlot {
  std::uint64_t request = 0;
  SlotId slot;
  Limits limits;
  Network network = Network::none;
  std::uint32_t reserved = 0;
};
struct ReleaseSlot {
  SlotId slot;
};
struct PoolStatus {
  std::uint64_t request = 0;
};
/// Asks for the sockets that environments send their DNS questions to. Once in a role's life.
struct OpenGatewayDns {
  std::uint64_t request = 0;
};

// Daemon to spawn role.
struct StartSandbox {
  std::uint64_t request = 0;
  SlotId slot;
};
/// Mounts a code tree on /var/task and the merged layers on /opt, read-only. With a root it then
/// becomes the container's, as by AdoptRoot, with the same /var/task, /opt and /var/runtime: in one
/// request, since the container gives its mount namespace away once.
struct AdoptCode {
  std::uint64_t request = 0;
  SlotId slot;
  TreeId code{};
  std::uint32_t layer_count = 0;
  std::array<TreeId, kMaxLayers> layers{};
  std::uint32_t has_root = 0;
  TreeId root{};
};
/// Makes a code tree the root of a container that runs, read-only, with the same /proc, /dev, /tmp
/// and addresses as before.
struct AdoptRoot {
  std::uint64_t request = 0;
  SlotId slot;
  TreeId root{};
};
/// Who plays the processor of a guest: the hardware, or QEMU by translation.
enum class Accelerator : std::uint32_t { kvm = 0, tcg = 1 };
/// Length of a guest kernel's name: half a SHA-256 in lower-case hexadecimal.
inline constexpr std::size_t kKernelIdSize = 32;
using KernelId = std::array<char, kKernelIdSize>;
/// Whose a machine's memory is: its own, or the memory file that comes as the message's only
/// descriptor, sealed against another size: `written` (a template, whose copies find everything in
/// it), or `copied` (sealed against writing too; what the machine writes it writes elsewhere).
enum class GuestMemory : std::uint32_t { own = 0, written = 1, copied = 2 };
/// Boots a virtual machine with a kernel of the data folder in a guest's slot. Images are those of
/// the data folder: what function code sees as its root, and only beside that its code and layers.
/// A machine whose memory is copied waits for the state of the one that wrote it.
struct StartGuest {
  std::uint64_t request = 0;
  SlotId slot;
  KernelId kernel{};
  Accelerator accelerator = Accelerator::tcg;
  std::uint32_t memory_mib = 0;  ///< what the guest has, 24 to 65,536
  std::uint32_t tsc_khz = 0;     ///< how fast this host counts, 100,000 to 100,000,000
  std::uint32_t needs_acpi = 0;  ///< 1: the kernel finds its devices by ACPI alone
  std::uint32_t has_root = 0;    ///< 0 or 1, as the next two: whether there is such an image
  std::uint32_t has_code = 0;
  std::uint32_t has_layers = 0;
  GuestMemory memory = GuestMemory::own;  ///< another than its own: with a root only
  TreeId root{};
  TreeId code{};
  TreeId layers{};
};
struct KillSandbox {
  SlotId slot;
};

// Pool role to spawn role.
/// Descriptors: user namespace, network namespace, /tmp (of a container its mount, of a guest its
/// image), the queue of the guest's tap device if it has one, the group of cgroup2 if there is one,
/// the task files of v1.
struct SlotReady {
  SlotId slot;
  std::uint32_t uid_base = 0;    ///< host uid of inside uid 0; the function's is uid_base + 1
  std::uint32_t cgroup_fds = 0;  ///< how many v1 descriptors follow
  std::uint32_t has_cgroup2 = 0;
  SlotUse use = SlotUse::container;
  std::uint32_t has_tap = 0;   ///< of a guest's: 0 where environments have no network
  std::uint32_t has_ipv6 = 0;  ///< whether that network has IPv6
};
struct SlotGone {
  SlotId slot;
};

// Roles to daemon.
/// Answer to every request. Descriptors depend on the request: AcquireSlot gives those of
/// os::CgroupFiles, then the two listeners of EnvironmentSockets; StartSandbox the control link;
/// StartGuest the port's other end, the console's, and QEMU's monitor (QMP) for memory that is not
/// the machine's own.
struct Done {
  std::uint64_t request = 0;
  SlotId slot;
  /// AcquireSlot: kind of os::CgroupFiles. StartGuest: 1 where its network has IPv6.
  std::uint32_t detail = 0;
  std::uint32_t reserved = 0;
};
struct Failed {
  std::uint64_t request = 0;
  Errc code = Errc::internal;
  std::int32_t os_errno = 0;
  std::array<char, 512> message{};  ///< NUL-terminated, cut if longer
};
/// A sandbox's first process ended. `start_step` is not 0 when it failed before proa-init ran.
struct Exited {
  SlotId slot;
  std::int32_t wait_status = 0;
  std::int32_t start_step = 0;
  std::int32_t start_errno = 0;
};
/// Text of at most kMaxText bytes, e.g. the pool role's status as JSON.
inline constexpr std::size_t kMaxText = 3584;
struct Text {
  std::uint64_t request = 0;
  std::uint32_t size = 0;
  std::array<char, kMaxText> bytes{};
  std::uint32_t reserved = 0;
};

/// Answer to OpenGatewayDns. Descriptors: UDP and TCP listeners of IPv4, and of IPv6 if it has
/// that.
struct GatewayDns {
  std::uint64_t request = 0;
  std::uint32_t outside4 = 0;              ///< first address of the environments' /16, host order
  std::uint32_t has_ipv6 = 0;              ///< 0 or 1
  std::array<std::uint8_t, 8> outside6{};  ///< the first 6 bytes: the environments' /48
};

/// Supervisor to daemon: the roles run. Descriptors: `shards` connections to the spawn role, then
/// as many to the pool role. Sent again with new ones after a role was lost and started anew.
struct RolesUp {
  std::uint32_t instance = 0;
  std::uint32_t shards = 0;
};

using Request =
    std::variant<AcquireSlot, ConfigureSlot, ReleaseSlot, PoolStatus, StartSandbox, AdoptCode,
                 KillSandbox, SlotReady, SlotGone, OpenGatewayDns, StartGuest, AdoptRoot>;
using Reply = std::variant<Done, Failed, Exited, Text, RolesUp, GatewayDns>;

/// Wire form of a message: u32 number of the alternative, then its bytes.
std::string encode(const Request& request);
std::string encode(const Reply& reply);
/// Reads a request and checks every field's range. Errc: corrupt (unknown number, wrong size),
/// invalid (a field out of range; the message names it).
Result<Request> decode_request(std::string_view bytes);
Result<Reply> decode_reply(std::string_view bytes);

/// A Failed reply for `error`.
Failed make_failed(std::uint64_t request, const Error& error);
/// The Error behind a Failed reply.
Error to_error(const Failed& failed);
/// TreeId of `text`. Errc: invalid unless it is 64 lower-case hexadecimal digits.
Result<TreeId> parse_tree_id(std::string_view text);
/// KernelId of `text`. Errc: invalid unless it is 32 lower-case hexadecimal digits.
Result<KernelId> parse_kernel_id(std::string_view text);

}  // namespace proa::launcher
