// Device names, numbers and hardware addresses that the router's parts agree on.
#pragma once

#include "launcher/net/links.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace proa::launcher::net {

/// The same in every environment, so that a clone's neighbour cache stays true.
inline constexpr MacAddress kInsideMac = frames::kGuestMac;
inline constexpr MacAddress kRouterMac = frames::kGuestGatewayMac;
inline constexpr MacAddress kUplinkHostMac{0x02, 0x70, 0x72, 0x6f, 0x60, 0x01};
inline constexpr MacAddress kUplinkRouterMac{0x02, 0x70, 0x72, 0x6f, 0x60, 0x02};

/// "02:70:72:6f:61:02".
inline std::string text_of(const MacAddress& mac) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : mac) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

/// The router's end of the uplink.
inline constexpr const char* kUplinkName = "up0";
inline constexpr int kUplinkIndex = 2;

/// The router's end of an environment's link. Its device number is fixed, so nobody has to ask.
inline Device environment_device(std::uint32_t index) {
  constexpr int kFirst = 100;
  return {kFirst + static_cast<int>(index), "e" + std::to_string(index)};
}

/// Alias (IFLA_IFALIAS) that marks devices in the host's namespace as an instance's own.
inline std::string owner_alias(const std::string& instance_id) { return "proa:" + instance_id; }

}  // namespace proa::launcher::net
