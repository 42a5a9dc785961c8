#include "launcher/net/addresses.h"

#include "launcher/net/router.h"

#include <gtest/gtest.h>

#include <set>

namespace proa::launcher::net {
namespace {

AddressPlan default_plan() {
  return AddressPlan::make("100.64.0.0/16", "fd70:726f:6100::/48").value();
}

unsigned folded_sum(const IpAddress& address) {
  const auto bytes = address.bytes();
  unsigned sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += (std::to_integer<unsigned>(bytes[i]) << 8U) + std::to_integer<unsigned>(bytes[i + 1]);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return sum;
}

TEST(Addresses, ReadsAndWritesBothFamilies) {
  for (const char* text : {"10.1.2.3", "255.255.255.255", "fd70:726f:61ff::2", "::"}) {
    EXPECT_EQ(IpAddress::parse(text).value().text(), text);
  }
  EXPECT_EQ(IpAddress::parse("10.1.2.3").value().v4_value(), 0x0a010203U);
  for (const char* text : {"", "10.1.2", "10.1.2.3.4", "fd70::g", "localhost"}) {
    EXPECT_EQ(IpAddress::parse(text).error().code(), Errc::invalid) << text;
  }
}

TEST(Addresses, PrefixesMustBeWholeAndInRange) {
  EXPECT_EQ(Prefix::parse("100.64.0.0/16").value().text(), "100.64.0.0/16");
  for (const char* text : {"100.64.0.1/16", "100.64.0.0", "100.64.0.0/33", "100.64.0.0/", "::/129",
                           "fd70::1/64", "100.64.0.0/16x", "/16"}) {
    EXPECT_EQ(Prefix::parse(text).error().code(), Errc::invalid) << text;
  }
}

TEST(Addresses, PrefixesOverlapWhenOneContainsTheOther) {
  const auto range = Prefix::parse("100.64.0.0/16").value();
  for (const char* text : {"100.64.0.0/10", "100.64.7.0/24", "100.64.0.0/16", "0.0.0.0/0"}) {
    EXPECT_TRUE(range.overlaps(Prefix::parse(text).value())) << text;
  }
  for (const char* text : {"100.65.0.0/16", "10.0.0.0/8", "::/0"}) {
    EXPECT_FALSE(range.overlaps(Prefix::parse(text).value())) << text;
  }
  EXPECT_TRUE(range.contains(IpAddress::parse("100.64.255.255").value()));
  EXPECT_FALSE(range.contains(IpAddress::parse("100.65.0.0").value()));
}

TEST(Addresses, NumbersEnvironmentsInsideTheOutsideRange) {
  const AddressPlan plan = default_plan();
  EXPECT_EQ(plan.host4().text(), "100.64.0.1");
  EXPECT_EQ(plan.router6().text(), "fd70:726f:6100::2");
  EXPECT_EQ(plan.environment4(0).text(), "100.64.1.0");
  EXPECT_EQ(plan.environment4(kEnvironmentsMax - 1).text(), "100.64.254.231");
  EXPECT_TRUE(plan.outside4().contains(plan.environment4(kEnvironmentsMax - 1)));
}

TEST(Addresses, OutsideIpv6AddressesAreUniqueAndChecksumNeutral) {
  const unsigned wanted = folded_sum(IpAddress::parse(kInside6).value());
  for (const char* range : {"fd70:726f:6100::/48", "fd70:726f:613f::/48", "fdff:ffff:ffff::/48"}) {
    const auto plan = AddressPlan::make("100.64.0.0/16", range).value();
    std::set<IpAddress> seen{plan.host6(), plan.router6()};
    for (std::uint32_t index = 0; index < kEnvironmentsMax; ++index) {
      const IpAddress address = plan.environment6(index);
      ASSERT_EQ(folded_sum(address), wanted) << address.text();
      ASSERT_TRUE(seen.insert(address).second) << address.text();
      ASSERT_TRUE(plan.outside6().contains(address)) << address.text();
    }
  }
}

TEST(Addresses, RefusesRangesWithAMeaningOfTheirOwn) {
  for (const char* range : {"127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16", "192.0.0.0/16",
                            "100.64.0.0/10", "10.0.0.0/24", "fd00::/48", "nonsense"}) {
    EXPECT_EQ(AddressPlan::make(range, "fd70:726f:6100::/48").error().code(), Errc::invalid)
        << range;
  }
  for (const char* range : {"fd70:726f:61ff::/48", "2001:db8::/48", "fe80::/48", "fd00::/64"}) {
    EXPECT_EQ(AddressPlan::make("100.64.0.0/16", range).error().code(), Errc::invalid) << range;
  }
}

TEST(Addresses, EveryInstanceHasRangesOfItsOwn) {
  std::set<std::string> seen;
  for (std::uint32_t number = 0; number < 64; ++number) {
    const RouterOptions options = RouterOptions::for_instance(number);
    EXPECT_TRUE(AddressPlan::make(options.outside4, options.outside6)) << options.outside6;
    for (const std::string& name : {options.outside4, options.outside6, options.device}) {
      EXPECT_TRUE(seen.insert(name).second) << name;
    }
  }
  EXPECT_EQ(RouterOptions::for_instance(0).outside6, "fd70:726f:6100::/48");
  EXPECT_EQ(RouterOptions::for_instance(63).outside4, "100.127.0.0/16");
}

}  // namespace
}  // namespace proa::launcher::net
