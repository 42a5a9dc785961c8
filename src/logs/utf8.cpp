#include "logs/utf8.h"

#include <cstddef>
#include <cstdint>

namespace proa::logs {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Lead {
  std::size_t size = 0;  ///< of the whole sequence; 0: no lead byte
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xBF;
};

// Table 3-7 of the Unicode standard: what may follow depends on the first byte.
Lead lead_of(std::uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  if (byte >= 0xF1 && byte <= 0xF3) return {4};
  return {};
}

/// How many bytes at `at` belong together, and whether they are a character.
std::pair<std::size_t, bool> sequence_at(std::string_view bytes, std::size_t at) {
  const auto byte = [&bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const Lead lead = lead_of(byte(at));
  if (lead.size == 0) return {1, false};
  for (std::size_t i = 1; i < lead.size; ++i) {
    const std::uint8_t min = i == 1 ? lead.second_min : 0x80;
    const std::uint8_t max = i == 1 ? lead.second_max : 0xBF;
    if (at + i == bytes.size() || byte(at + i) < min || byte(at + i) > max) return {i, false};
  }
  return {lead.size, true};
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + 1);
  std::size_t plain_from = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    if (static_cast<std::uint8_t>(bytes[at]) < 0x80) {
      ++at;
      continue;
    }
    const auto [size, is_character] = sequence_at(bytes, at);
    if (!is_character) {
      out.append(bytes.substr(plain_from, at - plain_from)).append(kReplacement);
      plain_from = at + size;
    }
    at += size;
  }
  return out.append(bytes.substr(plain_from));
}

}  // namespace proa::logs
