#include "launcher/outside_range.h"

#include <gtest/gtest.h>

namespace proa::launcher {
namespace {

GatewayDns ranges() {
  GatewayDns message;
  message.outside4 = 0x64410000;  // 100.65.0.0
  message.has_ipv6 = 1;
  message.outside6 = {0xfd, 0x70, 0x72, 0x6f, 0x61, 0x01, 0, 0};
  return message;
}

std::optional<std::uint32_t> slot_of(const OutsideRange& range, const std::string& address) {
  return range.slot_of(net::IpAddress::parse(address).value().bytes());
}

TEST(OutsideRange, FindsTheSlotBehindTheAddressesThatThePlanGivesIt) {
  const auto range = OutsideRange::of(ranges()).value();
  const auto plan = net::AddressPlan::make("100.65.0.0/16", "fd70:726f:6101::/48").value();
  for (const std::uint32_t index : {0U, 1U, 255U, 256U, kMaxSlots - 1}) {
    EXPECT_EQ(slot_of(range, plan.environment4(index).text()), index);
    EXPECT_EQ(slot_of(range, plan.environment6(index).text()), index);
  }
}

TEST(OutsideRange, AddressesOfNoEnvironmentBelongToNobody) {
  const auto range = OutsideRange::of(ranges()).value();
  const auto plan = net::AddressPlan::make("100.65.0.0/16", "fd70:726f:6101::/48").value();
  for (const std::string& address :
       {std::string("100.65.0.1"), std::string("100.64.1.0"), std::string("127.0.0.1"),
        plan.environment4(kMaxSlots).text(), plan.environment6(kMaxSlots).text(),
        std::string("fd70:726f:6101:1::5:1"), std::string("::1")}) {
    EXPECT_EQ(slot_of(range, address), std::nullopt) << address;
  }
  EXPECT_EQ(slot_of(OutsideRange(), "100.65.1.0"), std::nullopt);
}

TEST(OutsideRange, ARangeThatNoPlanHasIsRefused) {
  GatewayDns loopback = ranges();
  loopback.outside4 = 0x7f000000;
  EXPECT_EQ(OutsideRange::of(loopback).error().code(), Errc::corrupt);
  GatewayDns shifted = ranges();
  shifted.outside4 += 1;
  EXPECT_EQ(OutsideRange::of(shifted).error().code(), Errc::corrupt);
}

}  // namespace
}  // namespace proa::launcher
