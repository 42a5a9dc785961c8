#include "launcher/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proa::launcher {
namespace {

TEST(LauncherConfig, SurvivesItsJson) {
  LauncherConfig config;
  config.data_folder = "/data";
  config.runtimes_folder = "/runtimes";
  config.init_program = "/init";
  config.mounts = {{"/home/u/\"x\"/lib", "var/lang/python3.12/lib"},
                   {"", "var/lang/python3.12/lib/packages"}};
  config.shards = 3;
  config.max_slots = 7;
  config.daemon_uid = 65519;
  config.cpu_policy = CpuPolicy::quota;
  config.resolv_conf = "nameserver 1.2.3.4\n";
  config.uplink = UplinkMode::pasta;
  config.kernel_key = Ed25519Public{std::byte{1}, std::byte{0xfe}};
  const auto parsed = parse_config(to_json(config));
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(to_json(parsed.value()), to_json(config));
  EXPECT_EQ(parsed.value().uplink, UplinkMode::pasta);
  EXPECT_EQ(parsed.value().kernel_key, config.kernel_key);
  std::string text = to_json(config);
  text.insert(text.find("01fe"), "0");
  EXPECT_EQ(parse_config(text).error().message(),
            "launcher configuration: kernel_key is no public key");
  config.kernel_key.reset();
  EXPECT_FALSE(parse_config(to_json(config)).value().kernel_key);
  ASSERT_EQ(parsed.value().mounts.size(), 2U);
  EXPECT_EQ(parsed.value().mounts[0].source, "/home/u/\"x\"/lib");
  EXPECT_TRUE(parsed.value().mounts[1].source.empty());
}

TEST(LauncherConfig, WithoutAFieldOrWithNonsenseIsRefused) {
  EXPECT_EQ(parse_config("{}").error().code(), Errc::invalid);
  EXPECT_EQ(parse_config("no").error().code(), Errc::invalid);
}

}  // namespace
}  // namespace proa::launcher
