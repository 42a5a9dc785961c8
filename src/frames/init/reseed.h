// The kernel's random numbers in a machine that was copied. Private to proa-init; freestanding.
#pragma once

#include <cstddef>
#include <span>

namespace proa::frames::init {

/// Has the kernel's generator begin anew from its own state and `entropy`, 64 bytes at most, which
/// must be the host's and for this machine alone: its copies have the same state. Null, or what
/// failed (errno says why). random(4).
const char* reseed(std::span<const std::byte> entropy);

}  // namespace proa::frames::init
