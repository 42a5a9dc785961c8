// What a guest's first frame says. Shared by host and proa-init, freestanding; pure functions.
//
// Body of a guest's `init_up`: u64, the bytes of its memory that processes can have, as its kernel
// says (MemAvailable). Empty: whoever sent it has not looked.
#pragma once

#include "frames/frames.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace proa::frames {

inline constexpr std::size_t kInitUpSize = 8;

constexpr void encode_init_up(std::uint64_t available_bytes,
                              std::span<std::byte, kInitUpSize> out) {
  for (std::byte& each : out) {
    each = static_cast<std::byte>(available_bytes & 0xffU);
    available_bytes >>= 8U;
  }
}

/// 0 out of an empty body. malformed: a body of another size.
constexpr Status decode_init_up(std::span<const std::byte> body, std::uint64_t& available_bytes) {
  available_bytes = 0;
  if (body.empty()) return Status::ok;
  if (body.size() != kInitUpSize) return Status::malformed;
  for (std::size_t i = kInitUpSize; i > 0; --i) {
    available_bytes = available_bytes << 8U | static_cast<std::uint64_t>(body[i - 1]);
  }
  return Status::ok;
}

}  // namespace proa::frames
