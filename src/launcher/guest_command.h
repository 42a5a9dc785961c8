// QEMU's command line for a guest, made of checked numbers alone.
#pragma once

#include "launcher/protocol.h"

#include <string>
#include <vector>

namespace proa::launcher {

/// Descriptors that QEMU inherits behind the standard three, which the command line names. Of what
/// a guest does not have, the number stays, with nothing behind it.
enum class GuestDescriptor : int {
  port = 3,
  console = 4,
  kernel = 5,
  initrd = 6,
  tmp = 7,
  tap = 8,
  root = 9,
  code = 10,
  layers = 11,
  memory = 12,
  monitor = 13,
};

/// What the guest's slot has of a network.
struct GuestNetwork {
  bool has_tap = false;
  bool has_ipv6 = false;
};

/// QEMU and its arguments: a machine of the type microvm with one processor, a virtserialport
/// called "proa", a source of entropy, and a console. Its disks are told apart by their serial
/// numbers: "tmp", which it may write, and "root", "code" and "opt" as far as `request` has them.
/// Where the slot has a tap device there is a network card, with the address that the router
/// expects. It opens no file but the descriptors above, and a filter of its own (-sandbox) takes
/// the calls that it needs at its start only. A template and its copies have all disks, whether
/// there is something on them or not: their devices must be the same. The kernel's hints are those
/// without which one under TCG is slow or hangs
/// (https://docs.kernel.org/admin-guide/kernel-parameters.html); behind "--" stand words for
/// proa-init: "guest", "ipv6" where the network has it, and "template".
std::vector<std::string> guest_command(const StartGuest& request, const GuestNetwork& network);

}  // namespace proa::launcher
