// The pool role: makes slots ready ahead of need and takes them back.
#pragma once

#include "base/demand.h"
#include "launcher/cgroup/cgroup_backend.h"
#include "launcher/config.h"
#include "launcher/disk/loop_disk.h"
#include "launcher/environment_sockets.h"
#include "launcher/instance.h"
#include "launcher/pool_network.h"
#include "launcher/protocol.h"
#include "os/seqpacket.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proa::launcher {

/// Single-threaded. Owns user and network namespaces, control groups and /tmp disks of every slot.
/// Slow work (making spares, cleaning what was given back) is done one piece at a time between
/// requests. Ends when the daemon's connections or the spawn role are gone, after removing
/// everything host-wide it made.
class PoolRole {
 public:
  struct Connections {
    std::vector<os::UniqueFd> daemon;
    os::UniqueFd spawn;
  };

  /// Removes what a dead holder of the instance number left, then makes the first spares.
  /// Errc: os, unsupported, invalid (the uid block overlaps a user's /etc/subuid range).
  static Result<std::unique_ptr<PoolRole>> create(const LauncherConfig& config,
                                                  const Instance& instance,
                                                  Connections connections);
  void run();

 private:
  static constexpr std::size_t kMostSpares = 16;
  static constexpr std::size_t kSweptAtOnce = 32;
  enum class Use { free, ready, taken, returned };
  struct Slot {
    SlotId id;
    Use use = Use::free;
    std::size_t owner = 0;
    os::UniqueFd user_namespace;     ///< kept for all uses: its ids are the slot's
    os::UniqueFd network_namespace;  ///< until handed to the spawn role
    EnvironmentSockets sockets;      ///< until handed to the daemon
    std::unique_ptr<EnvironmentCgroup> cgroup;
    std::unique_ptr<LoopDisk> disk;    ///< a guest has `image` instead
    std::unique_ptr<ImageDisk> image;  ///< of a guest's /tmp
    os::UniqueFd tap;                  ///< of a guest, until handed to the spawn role
  };

  PoolRole(const LauncherConfig& config, const Instance& instance, Connections connections);

  Result<void> open_parts();
  void watch_uplink();
  bool serve(std::size_t connection);
  Result<void> acquire(std::size_t connection, const AcquireSlot& request);
  Result<void> fit(Slot& slot, const AcquireSlot& request);
  Result<void> fit_for_guest(Slot& slot, Bytes tmp_size);
  Result<void> configure(std::size_t connection, const ConfigureSlot& request);
  void release(std::size_t connection, SlotId id);
  void status(std::size_t connection, std::uint64_t request);
  Result<void> open_dns(std::size_t connection, const OpenGatewayDns& request);
  void drop_connection(std::size_t connection);

  bool has_work() const;
  /// As many as were lately taken at once, so that a burst finds them ready.
  std::size_t spares_wanted() const {
    const std::size_t expected = taken_lately_.expected(std::chrono::steady_clock::now());
    return std::max<std::size_t>(config_.spare_slots, std::min(expected, kMostSpares));
  }
  bool wants_spare() const;
  void do_one_piece_of_work();
  void take_one_back();
  Result<Slot*> take_ready();
  Result<Slot*> make_ready();
  Result<void> prepare(Slot& slot);
  Result<void> hand_to_spawn(Slot& slot);
  void clean_returned();
  void clean(Slot& slot);
  void end_networks();
  void give_up(Slot& slot, const Error& error);
  void shut_down();

  DiskOwner disk_owner(const Slot& slot) const;
  Slot* first(Use use);
  Slot* find(std::size_t connection, SlotId id);
  Result<void> reply(std::size_t connection, const Reply& message, std::span<const int> fds = {});
  std::size_t count(Use use) const;

  const LauncherConfig& config_;
  const Instance& instance_;
  Connections connections_;
  std::unique_ptr<CgroupBackend> cgroups_;
  std::unique_ptr<DiskFolder> disks_;
  PoolNetwork network_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::deque<std::size_t> returned_;
  std::vector<std::uint32_t> unlinked_;  ///< slots that are clean but for their network
  Demand taken_lately_;
  SteadyTime retry_spares_at_;  ///< after a failure, so that it is not repeated in a busy loop
};

}  // namespace proa::launcher
