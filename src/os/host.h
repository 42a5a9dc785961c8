// What this host has left to give: memory and descriptors.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace proa::os {

/// Memory of the host as the kernel counts it.
struct HostMemory {
  Bytes total;
  Bytes available;  ///< without swapping: MemAvailable
};

/// Reads /proc/meminfo; 30 us. Errc: os, corrupt.
Result<HostMemory> host_memory();
/// The same out of a text of that form. Errc: corrupt.
Result<HostMemory> parse_meminfo(std::string_view text);

/// Descriptors this process may still open. Errc: os.
Result<std::uint64_t> descriptors_left();

/// Raises this process's soft limit on descriptors to the hard one; the limit it has then.
/// Errc: os.
Result<std::uint64_t> raise_descriptor_limit();

}  // namespace proa::os
