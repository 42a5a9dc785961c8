// The bytes of a segment. All numbers are little-endian.
//
//   segment := "PROASEG1" u32 size, u32 CRC-32 of about, about(size), record...
//   record  := u32 kRecordMagic, u32 size, u32 CRC-32 of time and payload, i64 microseconds since
//              1970, payload(size)
#pragma once

#include "base/units.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace proa::storage::segments {

inline constexpr std::string_view kSegmentMagic = "PROASEG1";
inline constexpr std::size_t kHeadSize = 16;
inline constexpr std::uint32_t kRecordMagic = 0xA0F5'0DE6;
inline constexpr std::size_t kFrameSize = 20;  ///< of a record without its payload

/// CRC-32 (ISO 3309) of one text.
std::uint32_t crc32(std::string_view bytes);

template <class T>
void put_number(std::string& out, T value) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <class T>
T number_at(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// The nearest time there is: what a file says may be anything.
inline WallTime as_wall_time(std::int64_t us) {
  constexpr auto kMicroseconds = [](WallTime time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  };
  return WallTime(std::chrono::microseconds(
      std::clamp(us, kMicroseconds(WallTime::min()), kMicroseconds(WallTime::max()))));
}

}  // namespace proa::storage::segments
