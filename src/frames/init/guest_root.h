// A guest's root of its own: disks from the host in place of the initramfs. Private to proa-init;
// freestanding.
#pragma once

#include "frames/init/files.h"

namespace proa::frames::init {

/// The guest's block devices by their serials (guest_devices.h); an empty path: there is none.
struct Disks {
  Path root;
  Path code;
  Path layers;
  Path tmp;
};

/// Where the kernel shows them.
struct DiskFolders {
  const char* devices = "/sys/bus/virtio/devices";
  const char* disks = "/sys/block";
  const char* nodes = "/dev";
};

/// Finds the disks. Where the kernel has block devices without a disk, it waits for their driver,
/// two seconds at most.
Disks find_disks(const DiskFolders& folders);

/// Mounts the root's disk on `root`, a folder, read-only. Null, or what failed (errno says why).
const char* mount_root(const Disks& disks, const char* root);
/// Mounts that of /tmp below `root`: empty, and the function's. Null, or what failed (errno).
const char* mount_tmp(const Disks& disks, const char* root);
/// Mounts code and layers below `root`, read-only, where there are any. Null, or what failed
/// (errno).
const char* mount_code(const Disks& disks, const char* root);
/// Leaves in `folder`, where the kernel's device nodes are, those that a container has, adds its
/// links, and makes it read-only. Null, or what failed (errno).
const char* prepare_devices(const char* folder);
/// Takes /proc and /dev along and makes `root`, a mount point, the root; what is left of the
/// initramfs is deleted, since it is the guest's memory. /sys stays outside, as it does in a
/// container. Null, or what failed (errno).
const char* enter_root(const char* root);

}  // namespace proa::frames::init
