// Whether bytes are text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace proa {

/// How many bytes follow the first one of a character; nothing follows one that is wrong: 4.
inline std::size_t bytes_behind(unsigned char lead) {
  if (lead < 0x80) return 0;
  if (lead < 0xC2 || lead > 0xF4) return 4;
  if (lead < 0xE0) return 1;
  return lead < 0xF0 ? 2 : 3;
}

/// Whether a character that begins with these two is the shortest form of one that exists.
inline bool is_begin(unsigned char lead, unsigned char second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90;
  return lead != 0xF4 || second <= 0x8F;
}

/// Whether `text` is well-formed UTF-8 (RFC 3629).
inline bool is_utf8(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  std::size_t behind = 0;
  for (std::size_t i = 0; i < text.size(); i += behind + 1) {
    behind = bytes_behind(byte(i));
    if (behind == 4 || i + behind >= text.size()) return false;
    if (behind > 0 && !is_begin(byte(i), byte(i + 1))) return false;
    for (std::size_t k = 1; k <= behind; ++k) {
      if ((byte(i + k) & 0xC0U) != 0x80) return false;
    }
  }
  return true;
}

/// `bytes` where they are UTF-8, else each byte as the character that ISO 8859-1 has for it: what
/// HTTP fields once were (RFC 9110 section 5.5).
inline std::string to_utf8(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xC0U | (byte >> 6U)));
      text.push_back(static_cast<char>(0x80U | (byte & 0x3FU)));
    }
  }
  return text;
}

}  // namespace proa
