#include "api/host_name.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

TEST(HostNames, AreWithoutPortAndLastDot) {
  EXPECT_EQ(host_name("a.example:80"), "a.example");
  EXPECT_EQ(host_name("a.example."), "a.example");
  EXPECT_EQ(host_name("[::1]:80"), "[::1]");
  EXPECT_EQ(host_name("[::1"), "");
  EXPECT_EQ(host_name(""), "");
}

TEST(HostNames, OfThisMachineAreTold) {
  for (const char* name : {"localhost", "A.LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]"}) {
    EXPECT_TRUE(is_loopback_name(name)) << name;
  }
  for (const char* name :
       {"localhost.example", "notlocalhost", "127.0.0.1.example", "128.0.0.1", "[::2]", ""}) {
    EXPECT_FALSE(is_loopback_name(name)) << name;
  }
}

TEST(HostNames, OfNumbersAreAddresses) {
  for (const char* name : {"10.0.0.1", "[fe80::1]"}) EXPECT_TRUE(is_address(name)) << name;
  for (const char* name : {"a.example", "10.0.0.example", "10.0.0", ""}) {
    EXPECT_FALSE(is_address(name)) << name;
  }
}

}  // namespace
}  // namespace proa::api
