// Devices that a machine has for its function: a template puts them down before it is copied, and
// each copy takes up its own. Private to proa-init; freestanding.
#pragma once

#include "frames/init/guest_root.h"

#include <array>

namespace proa::frames::init {

/// The disks tmp, code and layers, and the network card. Put down, they have no driver: the kernel
/// has forgotten what it read from them, their sizes among it, and a copy's may be others.
/// https://docs.kernel.org/driver-api/driver-model/binding.html
class FunctionDevices {
 public:
  /// Lets the drivers go of them. Finds them again by `system` and `nodes`, folders of sysfs and of
  /// the kernel's device nodes, which stay open. Null, or what failed (errno says why).
  const char* put_down(const Disks& disks, int system, int nodes);
  /// Gives the disk for /tmp and the network card to their drivers. `disks` then has that one's
  /// path, which is good in the guest's root. Null, or what failed (errno).
  const char* take_up_own(Disks& disks);
  /// The same with the disks of the function, once; that of layers only where there are some, since
  /// each takes its time.
  const char* take_up_code(bool has_layers, Disks& disks);
  /// Deletes the nodes that came with either: functions do not see disks. Null, or what failed
  /// (errno).
  const char* hide_nodes();

 private:
  /// A short name; empty: there is none.
  using Name = std::array<char, 16>;
  struct Disk {
    Name device{};  ///< on the virtio bus, as in "virtio3"
    Name node{};    ///< while it is taken up, as in "vdb"
  };

  const char* bind(const Name& device, const char* driver) const;
  const char* take_up(Disk& disk, Path& out) const;

  int system_ = -1;
  int nodes_ = -1;
  Disk tmp_;
  Disk code_;
  Disk layers_;
  Name card_{};
};

/// The kernel's device nodes, in a folder without a path, whatever becomes of /dev. -1: errno.
int open_device_nodes();

}  // namespace proa::frames::init
