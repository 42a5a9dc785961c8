// IPv4 and IPv6 addresses as values, and the plan that gives environment number i its outside
// addresses. Pure functions, any thread. Long document: docs/architecture.md, "Network".
#pragma once

#include "base/result.h"
#include "frames/guest_devices.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace proa::launcher::net {

/// An address of either family, in network byte order: 4 or 16 bytes are used.
class IpAddress {
 public:
  IpAddress() = default;
  /// `value` in host byte order: 0x7f000001 is 127.0.0.1.
  static IpAddress v4(std::uint32_t value);
  static IpAddress v6(const std::array<std::byte, 16>& bytes);
  /// From raw bytes, 4 or 16 of them; anything else gives Errc invalid.
  static Result<IpAddress> from_bytes(std::span<const std::byte> bytes);
  /// From text such as "10.0.0.1" or "fd00::1". Errc: invalid, naming the text.
  static Result<IpAddress> parse(const std::string& text);

  bool is_v6() const { return is_v6_; }
  /// AF_INET or AF_INET6.
  int family() const;
  std::span<const std::byte> bytes() const { return {bytes_.data(), is_v6_ ? 16U : 4U}; }
  /// The IPv4 value in host byte order; 0 for IPv6.
  std::uint32_t v4_value() const;
  std::string text() const;
  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::byte, 16> bytes_{};
  bool is_v6_ = false;
};

/// A range of addresses: the first one and the number of leading bits that all share.
struct Prefix {
  IpAddress address;
  unsigned length = 0;

  /// "100.64.0.0/16"; bits below the length must be zero. Errc: invalid, naming the text.
  static Result<Prefix> parse(std::string_view text);
  bool contains(const IpAddress& other) const;
  /// True when one of the two contains the other.
  bool overlaps(const Prefix& other) const;
  std::string text() const;
};

/// Highest environment number: 100.64.1.0 + 64,999 is still in the /16, with room to spare.
inline constexpr std::uint32_t kEnvironmentsMax = 65'000;
/// The same in every environment, so that snapshots and clones fit anywhere.
inline constexpr const char* kInside4 = frames::kGuestAddress4;
inline constexpr const char* kInside6 = frames::kGuestAddress6;
/// Once, on the router's loopback device: default gateway and DNS of every environment.
inline constexpr const char* kGateway4 = frames::kGuestGateway4;
inline constexpr const char* kGateway6 = frames::kGuestGateway6;

/// Which addresses one instance of Proa uses outside its environments.
class AddressPlan {
 public:
  /// `outside4` must be a /16 and `outside6` a /48 of fc00::/7, neither touching ranges with a
  /// meaning of their own (loopback, link-local, multicast, the inside range). Errc: invalid.
  static Result<AddressPlan> make(const std::string& outside4, const std::string& outside6);

  const Prefix& outside4() const { return outside4_; }
  const Prefix& outside6() const { return outside6_; }
  IpAddress host4() const { return uplink4(1); }    ///< of the host's end of the uplink, /30
  IpAddress router4() const { return uplink4(2); }  ///< of the router's end
  IpAddress host6() const { return uplink6(1); }    ///< the same in IPv6, /126
  IpAddress router6() const { return uplink6(2); }
  /// What environment `index` (below kEnvironmentsMax) is called outside.
  IpAddress environment4(std::uint32_t index) const;
  /// The same in IPv6. Chosen so that replacing the inside address by it changes no checksum
  /// (as RFC 6296 does): the sums of their 16-bit words are equal.
  IpAddress environment6(std::uint32_t index) const;

 private:
  IpAddress uplink4(std::uint32_t number) const;
  IpAddress uplink6(unsigned number) const;

  Prefix outside4_;
  Prefix outside6_;
};

}  // namespace proa::launcher::net
