#include "logs/fields.h"

#include <algorithm>
#include <array>

namespace proa::logs {

void put_varint(std::string& out, std::uint64_t value) {
  std::array<char, 10> bytes;
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7U) bytes[size++] = static_cast<char>(value | 0x80U);
  bytes[size++] = static_cast<char>(value);
  out.append(bytes.data(), size);  // at once: twenty of these make the record of a call
}

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

void put_time(std::string& out, std::chrono::microseconds time) {
  put_varint(out, static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)));
}

std::uint8_t FieldReader::byte() {
  const std::string_view one = bytes(1);
  return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
}

std::uint64_t FieldReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t part = byte();
    value |= std::uint64_t{part & 0x7FU} << shift;
    if ((part & 0x80U) == 0) return is_whole_ ? value : 0;
  }
  is_whole_ = false;
  return 0;
}

std::chrono::microseconds FieldReader::time() {
  constexpr std::uint64_t kMax = 1'000'000'000'000'000'000;
  return std::chrono::microseconds(static_cast<std::int64_t>(std::min(varint(), kMax)));
}

std::string_view FieldReader::bytes(std::uint64_t count) {
  if (!is_whole_ || count > left_.size()) {
    is_whole_ = false;
    left_ = {};
    return {};
  }
  const std::string_view taken = left_.substr(0, count);
  left_.remove_prefix(count);
  return taken;
}

}  // namespace proa::logs
