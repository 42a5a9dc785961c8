// How much memory of the host a sandbox is given. Private to sandbox/ but for memory_on_host().
#pragma once

#include "sandbox/sandbox.h"

#include <cstdint>

namespace proa::sandbox {

/// Of a guest's memory, what its kernel keeps to itself: 53 MiB of 128 with Debian's cloud kernel,
/// 15 MiB with kernels made for guests.
inline constexpr std::uint32_t kGuestKernelMib = 56;
/// What QEMU takes at most beside the guest's memory: its heap and translated code.
inline constexpr std::uint32_t kQemuMib = 160;

/// The memory of a machine for a function with `memory_mib`.
constexpr std::uint32_t guest_memory_mib(std::uint32_t memory_mib) {
  return memory_mib + kGuestKernelMib;
}

}  // namespace proa::sandbox
