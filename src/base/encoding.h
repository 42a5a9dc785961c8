// Hexadecimal, base64 and SHA-256: the encodings that API fields, file names and headers share.
// OpenSSL does the work. Pure functions, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace proa {

/// Lower-case hexadecimal, two characters a byte.
std::string to_hex(std::span<const std::byte> bytes);
/// The same into 2 * bytes.size() characters at `out`.
void to_hex(std::span<const std::byte> bytes, char* out);

/// Whether `text` is `digits` digits of what to_hex() writes.
bool is_hex(std::string_view text, std::size_t digits);

/// Standard base64 with padding, no line breaks (RFC 4648 section 4).
std::string to_base64(std::string_view bytes);
/// The bytes behind standard base64; nothing when `text` is not valid (wrong characters, length or
/// padding). White space is not accepted.
std::optional<std::string> from_base64(std::string_view text);

using Sha256Digest = std::array<std::byte, 32>;
/// SHA-256 of `bytes`.
Sha256Digest sha256(std::string_view bytes);

/// View of raw bytes as characters, for interfaces that speak std::string_view.
inline std::string_view as_chars(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace proa
