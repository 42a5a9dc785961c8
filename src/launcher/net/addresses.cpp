#include "launcher/net/addresses.h"

#include "base/check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace proa::launcher::net {
namespace {

// Ranges an outside range may not touch: they mean something else to the kernel or to us.
constexpr std::array<const char*, 6> kReserved4{"0.0.0.0/8",    "127.0.0.0/8", "169.254.0.0/16",
                                                "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4"};
constexpr const char* kInsideRange6 = "fd70:726f:61ff::/48";
constexpr const char* kUniqueLocal6 = "fc00::/7";

std::uint32_t word_at(const IpAddress& address, std::size_t word) {
  const auto bytes = address.bytes();
  return (std::to_integer<std::uint32_t>(bytes[2 * word]) << 8U) |
         std::to_integer<std::uint32_t>(bytes[2 * word + 1]);
}

std::uint32_t word_sum(const IpAddress& address) {
  std::uint32_t sum = 0;
  for (std::size_t word = 0; word < 8; ++word) sum += word_at(address, word);
  return sum;
}

void put_word(std::array<std::byte, 16>& bytes, std::size_t word, std::uint32_t value) {
  bytes[2 * word] = static_cast<std::byte>((value >> 8U) & 0xffU);
  bytes[2 * word + 1] = static_cast<std::byte>(value & 0xffU);
}

std::array<std::byte, 16> bytes16(const IpAddress& address) {
  std::array<std::byte, 16> bytes{};
  std::ranges::copy(address.bytes(), bytes.begin());
  return bytes;
}

bool share_bits(const IpAddress& left, const IpAddress& right, unsigned length) {
  const auto a = left.bytes();
  const auto b = right.bytes();
  const std::size_t whole = length / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
    return false;
  }
  const unsigned rest = length % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::byte>(0xffU << (8U - rest));
  return (a[whole] & mask) == (b[whole] & mask);
}

bool touches(const Prefix& prefix, const char* reserved) {
  const auto other = Prefix::parse(reserved);
  check(other.has_value(), "a reserved range does not parse");
  return prefix.overlaps(other.value());
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t value) {
  IpAddress address;
  for (std::size_t i = 0; i < 4; ++i) {
    address.bytes_[i] = static_cast<std::byte>((value >> (24U - 8U * i)) & 0xffU);
  }
  return address;
}

IpAddress IpAddress::v6(const std::array<std::byte, 16>& bytes) {
  IpAddress address;
  address.bytes_ = bytes;
  address.is_v6_ = true;
  return address;
}

Result<IpAddress> IpAddress::from_bytes(std::span<const std::byte> bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) {
    return Error(Errc::invalid, "an address of " + std::to_string(bytes.size()) + " bytes");
  }
  IpAddress address;
  std::ranges::copy(bytes, address.bytes_.begin());
  address.is_v6_ = bytes.size() == 16;
  return address;
}

Result<IpAddress> IpAddress::parse(const std::string& text) {
  IpAddress address;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes_.data()) == 1) return address;
  if (::inet_pton(AF_INET6, text.c_str(), address.bytes_.data()) == 1) {
    address.is_v6_ = true;
    return address;
  }
  return Error(Errc::invalid, "'" + text + "' is not an IPv4 or IPv6 address");
}

int IpAddress::family() const { return is_v6_ ? AF_INET6 : AF_INET; }

std::uint32_t IpAddress::v4_value() const {
  if (is_v6_) return 0;
  std::uint32_t value = 0;
  for (const std::byte byte : bytes()) value = (value << 8U) | std::to_integer<std::uint32_t>(byte);
  return value;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  ::inet_ntop(family(), bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const Error wrong(Errc::invalid, "'" + std::string(text) + "' is not an address range");
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return wrong;
  auto address = IpAddress::parse(std::string(text.substr(0, slash)));
  if (!address) return wrong;
  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const unsigned most = address.value().is_v6() ? 128 : 32;
  if (status != std::errc() || end != digits.data() + digits.size() || length > most) return wrong;
  Prefix prefix{address.value(), length};
  for (unsigned bit = length; bit < most; ++bit) {
    const auto byte = std::to_integer<unsigned>(prefix.address.bytes()[bit / 8]);
    if (((byte >> (7U - bit % 8U)) & 1U) != 0) {
      return Error(Errc::invalid, "'" + std::string(text) + "' has bits set below its length");
    }
  }
  return prefix;
}

bool Prefix::contains(const IpAddress& other) const {
  return other.is_v6() == address.is_v6() && share_bits(address, other, length);
}

bool Prefix::overlaps(const Prefix& other) const {
  return other.address.is_v6() == address.is_v6() &&
         share_bits(address, other.address, std::min(length, other.length));
}

std::string Prefix::text() const { return address.text() + "/" + std::to_string(length); }

Result<AddressPlan> AddressPlan::make(const std::string& outside4, const std::string& outside6) {
  AddressPlan plan;
  TRY(plan.outside4_, Prefix::parse(outside4));
  TRY(plan.outside6_, Prefix::parse(outside6));
  if (plan.outside4_.address.is_v6() || plan.outside4_.length != 16) {
    return Error(Errc::invalid, "the outside range '" + outside4 + "' must be an IPv4 /16");
  }
  if (!plan.outside6_.address.is_v6() || plan.outside6_.length != 48 ||
      !touches(plan.outside6_, kUniqueLocal6)) {
    return Error(Errc::invalid,
                 "the outside range '" + outside6 + "' must be a /48 inside " + kUniqueLocal6);
  }
  const bool is_reserved = std::ranges::any_of(
      kReserved4, [&](const char* reserved) { return touches(plan.outside4_, reserved); });
  if (is_reserved) {
    return Error(Errc::invalid, "the outside range '" + outside4 + "' is reserved by the kernel");
  }
  if (touches(plan.outside6_, kInsideRange6)) {
    return Error(Errc::invalid, "the outside range '" + outside6 + "' is used inside environments");
  }
  return plan;
}

IpAddress AddressPlan::environment4(std::uint32_t index) const {
  return IpAddress::v4(outside4_.address.v4_value() + 0x100U + index);
}

IpAddress AddressPlan::environment6(std::uint32_t index) const {
  // Subnet 1 of the /48 (subnet 0 is the uplink): PREFIX:1::i:j with j making the sums equal.
  std::array<std::byte, 16> bytes = bytes16(outside6_.address);
  put_word(bytes, 3, 1);
  put_word(bytes, 6, index);
  static const IpAddress kInside = IpAddress::parse(kInside6).value();
  const std::uint32_t wanted = word_sum(kInside) % 0xffffU;
  const std::uint32_t have = word_sum(IpAddress::v6(bytes)) % 0xffffU;
  put_word(bytes, 7, (wanted + 0xffffU - have) % 0xffffU);
  return IpAddress::v6(bytes);
}

IpAddress AddressPlan::uplink4(std::uint32_t number) const {
  return IpAddress::v4(outside4_.address.v4_value() + number);
}

IpAddress AddressPlan::uplink6(unsigned number) const {
  std::array<std::byte, 16> bytes = bytes16(outside6_.address);
  put_word(bytes, 7, number);
  return IpAddress::v6(bytes);
}

}  // namespace proa::launcher::net
