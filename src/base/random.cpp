#include "base/random.h"

#include "base/check.h"
#include "base/encoding.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace proa {

void RandomSource::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    if (left_ == 0) {
      std::size_t have = 0;
      while (have < buffer_.size()) {
        const ssize_t got = ::getrandom(buffer_.data() + have, buffer_.size() - have, 0);
        check(got > 0 || errno == EINTR, "getrandom(2) gives no entropy");
        if (got > 0) have += static_cast<std::size_t>(got);
      }
      left_ = buffer_.size();
    }
    const std::size_t count = std::min(left_, out.size());
    std::byte* from = buffer_.data() + (buffer_.size() - left_);
    std::memcpy(out.data(), from, count);
    std::memset(from, 0, count);  // what was handed out must not be read again from memory
    left_ -= count;
    out = out.subspan(count);
  }
}

std::string RandomSource::uuid() {
  std::array<std::byte, 16> raw{};
  fill(raw);
  raw[6] = (raw[6] & std::byte{0x0f}) | std::byte{0x40};
  raw[8] = (raw[8] & std::byte{0x3f}) | std::byte{0x80};
  // 8-4-4-4-12 digits, two of a byte
  std::string text(36, '-');
  const std::span<const std::byte> bytes(raw);
  to_hex(bytes.subspan(0, 4), text.data());
  to_hex(bytes.subspan(4, 2), text.data() + 9);
  to_hex(bytes.subspan(6, 2), text.data() + 14);
  to_hex(bytes.subspan(8, 2), text.data() + 19);
  to_hex(bytes.subspan(10, 6), text.data() + 24);
  return text;
}

std::string RandomSource::hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill(std::as_writable_bytes(std::span(raw)));
  return to_hex(std::as_bytes(std::span(raw)));
}

std::string RandomSource::access_key_id() {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::array<std::byte, 16> bytes;
  fill(bytes);
  std::string id = "ASIA";
  for (const std::byte byte : bytes)
    id += kDigits[std::to_integer<unsigned>(byte) % kDigits.size()];
  return id;
}

}  // namespace proa
