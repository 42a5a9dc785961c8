// How much memory of the host a sandbox is given. Private to sandbox/ but for memory_on_host().
#pragma once

#include "sandbox/microvm.h"

#include <cstdint>
#include <optional>

namespace proa::sandbox {

/// Of a guest with 128 MiB, what kernel and devices keep to themselves where nobody has measured
/// it: 67 and 12 MiB with Debian's cloud kernel, half of that with those that are made for guests.
inline constexpr std::uint32_t kGuestKernelMib = 80;
/// A kernel has 64 bytes about each page of 4,096.
inline constexpr std::uint32_t kPerPageRecord = 64;
/// What QEMU takes at most beside the guest's memory: its heap and translated code.
inline constexpr std::uint32_t kQemuMib = 160;

/// The memory of a machine for a function with `memory_mib`, whose kernel keeps `kernel_mib` of one
/// with 128 MiB; empty: not measured.
constexpr std::uint32_t guest_memory_mib(std::uint32_t memory_mib,
                                         std::optional<std::uint32_t> kernel_mib = {}) {
  const std::uint32_t beyond = memory_mib > kMeasuredMib ? memory_mib - kMeasuredMib : 0;
  return memory_mib + kernel_mib.value_or(kGuestKernelMib) +
         (beyond + kPerPageRecord - 2) / (kPerPageRecord - 1);
}

}  // namespace proa::sandbox
