#include "base/encoding.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace proa {

void to_hex(std::span<const std::byte> bytes, char* out) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::byte byte : bytes) {
    *out++ = kDigits[std::to_integer<unsigned>(byte >> 4)];
    *out++ = kDigits[std::to_integer<unsigned>(byte & std::byte{0x0f})];
  }
}

std::string to_hex(std::span<const std::byte> bytes) {
  std::string text(bytes.size() * 2, '\0');
  to_hex(bytes, text.data());
  return text;
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty()) return std::string();
  if (text.size() % 4 != 0) return std::nullopt;
  // EVP_DecodeBlock skips white space and accepts '=' anywhere: both are refused here.
  std::size_t padding = 0;
  if (text.ends_with("=="))
    padding = 2;
  else if (text.ends_with('='))
    padding = 1;
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto body = text.substr(0, text.size() - padding);
  if (body.find_first_not_of(kAlphabet) != std::string_view::npos) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int count = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  if (count < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(count) - padding);
  return bytes;
}

Sha256Digest sha256(std::string_view bytes) {
  Sha256Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace proa
