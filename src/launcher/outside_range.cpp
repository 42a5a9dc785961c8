#include "launcher/outside_range.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace proa::launcher {

Result<OutsideRange> OutsideRange::of(const GatewayDns& message) {
  std::array<std::byte, 16> bytes{};
  std::memcpy(bytes.data(), message.outside6.data(), 6);
  const net::Prefix outside4{net::IpAddress::v4(message.outside4), 16};
  const net::Prefix outside6{net::IpAddress::v6(bytes), 48};
  auto plan = net::AddressPlan::make(outside4.text(), outside6.text());
  if (!plan) return Error(Errc::corrupt, "launcher: " + plan.error().message());
  OutsideRange range;
  range.plan_ = plan.value();
  return range;
}

std::optional<std::uint32_t> OutsideRange::slot_of(std::span<const std::byte> address) const {
  auto parsed = net::IpAddress::from_bytes(address);
  if (!plan_ || !parsed) return std::nullopt;
  const net::IpAddress& asked = parsed.value();
  std::uint32_t index = 0;
  if (asked.is_v6()) {
    index = std::to_integer<std::uint32_t>(address[12]) << 8U |
            std::to_integer<std::uint32_t>(address[13]);
  } else {
    index = asked.v4_value() - plan_->environment4(0).v4_value();
  }
  if (index >= kMaxSlots) return std::nullopt;
  const bool is_its =
      asked == (asked.is_v6() ? plan_->environment6(index) : plan_->environment4(index));
  return is_its ? std::optional(index) : std::nullopt;
}

}  // namespace proa::launcher
