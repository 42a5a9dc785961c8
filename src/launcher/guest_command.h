// QEMU's command line for a guest, made of checked numbers alone.
#pragma once

#include "launcher/protocol.h"

#include <string>
#include <vector>

namespace proa::launcher {

/// Descriptors that QEMU inherits behind the standard three, which the command line names.
enum class GuestDescriptor : int { port = 3, console = 4, kernel = 5, initrd = 6 };

/// QEMU and its arguments: a machine of the type microvm with one processor, a virtserialport
/// called "proa" as the only way in, a source of entropy, and a console. It opens no file but the
/// descriptors above, and a filter of its own (-sandbox) takes the calls that it needs at its start
/// only. The kernel's hints are those without which one under TCG is slow or hangs
/// (https://docs.kernel.org/admin-guide/kernel-parameters.html).
std::vector<std::string> guest_command(const StartGuest& request);

}  // namespace proa::launcher
