// The guest role of proa-init: the first process of a virtual machine.
//
// The kernel has started it from our initramfs, as root and with nothing mounted. It mounts /proc,
// /sys and /dev, loads the modules that the kernel needs for virtio, and finds its port by name.
// Where the host gave it disks, it makes their root its own, and a network if there is one: what a
// process finds inside is what a container's finds. Then it serves the port: processes get pipes in
// place of the host's descriptors, and connections to the services on the guest's loopback become
// streams. A template leaves disks and network alone until it is told that it is a copy: `restore`.
// Its end is the end of the machine. Freestanding; one thread.
#pragma once

#include "frames/init/control.h"
#include "frames/init/function_devices.h"

#include <span>

namespace proa::frames::init {

/// Name of the virtserialport, and the word behind "--" on the kernel's command line that asks for
/// this role.
inline constexpr const char* kPortName = "proa";
inline constexpr const char* kGuestWord = "guest";

/// Serves the port until it ends or something is wrong, which is written to the console, and powers
/// the machine off. `words` are those behind kGuestWord, as guest_devices.h has them. Returns only
/// where it is no first process: not_first.
Stop run_guest(std::span<const char* const> words);

/// The loop behind it, on any descriptor that reads and writes like a port: for tests. `devices`
/// are those that a template has put down; null: it is none.
Stop serve_port(int port, bool has_network, FunctionDevices* devices = nullptr);

}  // namespace proa::frames::init
