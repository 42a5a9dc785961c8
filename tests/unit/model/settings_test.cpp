#include "model/settings.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

using Tags = std::map<std::string, std::string>;
using namespace std::chrono_literals;

Result<Settings> parse_tag(const std::string& key, const std::string& value) {
  return parse_settings(Tags{{key, value}}, Settings{});
}

std::string refusal(const std::string& key, const std::string& value, Errc code) {
  const auto settings = parse_tag(key, value);
  if (settings) return "accepted";
  EXPECT_EQ(settings.error().code(), code) << settings.error().message();
  return settings.error().message();
}

TEST(Settings, KeepsDefaultsAndIgnoresOtherTags) {
  Settings defaults;
  defaults.network = NetworkPolicy::none;
  const Tags tags{{"team", "proa:nothing"}, {"proa", "x"}};
  EXPECT_EQ(parse_settings(tags, defaults).value(), defaults);
}

TEST(Settings, ReadsEveryBuiltKey) {
  const Tags tags{{"proa:isolation", "container"},
                  {"proa:network", "lan"},
                  {"proa:idle", "freeze=200ms remove=2h"}};
  const Settings settings = parse_settings(tags, Settings{}).value();
  EXPECT_EQ(settings.isolation, Isolation::container);
  EXPECT_EQ(settings.network, NetworkPolicy::lan);
  EXPECT_EQ(settings.idle_freeze, 200ms);
  EXPECT_EQ(settings.idle_remove, 2h);
  EXPECT_EQ(parse_tag("proa:isolation", "microvm").value().isolation, Isolation::microvm);
  EXPECT_EQ(parse_tag("proa:network", "none").value().network, NetworkPolicy::none);
  EXPECT_EQ(parse_tag("proa:network", "internet").value().network, NetworkPolicy::internet);
  EXPECT_EQ(parse_tag("proa:idle", "remove=30s").value().idle_remove, 30s);
  EXPECT_EQ(parse_tag("proa:idle", "freeze=0ms").value().idle_freeze, 0ms);
  EXPECT_EQ(parse_tag("proa:idle", "freeze=1m").value().idle_freeze, 1min);
}

TEST(Settings, NameAKernel) {
  EXPECT_EQ(parse_tag("proa:kernel", "net").value().kernel, "net");
  EXPECT_EQ(parse_tag("proa:kernel", "my-own-2").value().kernel, "my-own-2");
  EXPECT_EQ(Settings().kernel, "");
  for (const std::string value : {"", "../net", "Net", "-net", "a/b"}) {
    EXPECT_NE(refusal("proa:kernel", value, Errc::invalid).find("the name of a kernel"),
              std::string::npos)
        << value;
  }
  refusal("proa:kernel", std::string(33, 'n'), Errc::invalid);
}

TEST(Settings, NameARuntimeImage) {
  EXPECT_EQ(parse_tag("proa:runtime", "py-sci_3.11").value().runtime_image, "py-sci_3.11");
  EXPECT_EQ(Settings().runtime_image, "");
  for (const std::string value : {"", "../py", "Py", "-py", "a/b", "a b"}) {
    EXPECT_NE(refusal("proa:runtime", value, Errc::invalid).find("the name of a runtime image"),
              std::string::npos)
        << value;
  }
  refusal("proa:runtime", std::string(65, 'n'), Errc::invalid);
}

TEST(Settings, AMachineWhoseKernelHasNoNetworkCardHasNoNetwork) {
  std::map<std::string, std::string> tags{{"proa:isolation", "microvm"}, {"proa:kernel", "nonet"}};
  EXPECT_EQ(parse_settings(tags, Settings()).value().network, NetworkPolicy::none);
  tags["proa:network"] = "none";
  EXPECT_EQ(parse_settings(tags, Settings()).value().network, NetworkPolicy::none);
  tags["proa:network"] = "internet";
  const auto refused = parse_settings(tags, Settings());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_EQ(refused.error().message(),
            "The tag 'proa:network' asks for internet, and the kernel 'nonet' of the tag "
            "'proa:kernel' has no network card. Expected: proa:network=none, or proa:kernel=net");
  tags["proa:kernel"] = "net";
  EXPECT_EQ(parse_settings(tags, Settings()).value().network, NetworkPolicy::internet);
  tags["proa:kernel"] = "local";
  tags["proa:isolation"] = "container";
  EXPECT_EQ(parse_settings(tags, Settings()).value().network, NetworkPolicy::internet)
      << "a container boots no kernel";
  Settings machines;
  machines.isolation = Isolation::microvm;
  tags.erase("proa:isolation");
  EXPECT_FALSE(parse_settings(tags, machines));
}

TEST(Settings, RefusesByNameWhatIsNotBuiltYet) {
  EXPECT_EQ(refusal("proa:idle", "freeze=50ms suspend=5m", Errc::unsupported),
            "The value 'suspend=5m' of the tag 'proa:idle' is not supported by Proa yet");
  EXPECT_EQ(refusal("proa:network", "internet host:5432", Errc::unsupported),
            "The value 'host:5432' of the tag 'proa:network' is not supported by Proa yet");
  EXPECT_EQ(refusal("proa:kernel", "auto", Errc::unsupported),
            "The value 'auto' of the tag 'proa:kernel' is not supported by Proa yet");
  EXPECT_EQ(refusal("proa:kernel", "nonet net", Errc::unsupported),
            "The value 'nonet net' of the tag 'proa:kernel' is not supported by Proa yet");
  for (const std::string key :
       {"proa:sidecars", "proa:sidecars-allowed", "proa:hardware", "proa:connections"}) {
    EXPECT_EQ(refusal(key, "auto", Errc::unsupported),
              "The tag '" + key + "' is not supported by Proa yet");
  }
}

TEST(Settings, RefusesUnknownKeysAndValuesNamingThem) {
  EXPECT_NE(refusal("proa:colour", "red", Errc::invalid).find("'proa:colour' is not known"),
            std::string::npos);
  EXPECT_NE(refusal("Proa:idle", "freeze=1s", Errc::invalid).find("'Proa:idle' is not known"),
            std::string::npos);
  EXPECT_NE(refusal("proa:isolation", "chroot", Errc::invalid).find("'chroot'"), std::string::npos);
  for (const std::string value : {"", "Internet", "internet lan", "internet ", "none  none"}) {
    EXPECT_NE(refusal("proa:network", value, Errc::invalid).find("proa:network"),
              std::string::npos);
  }
  for (const std::string value :
       {"", "freeze", "freeze=", "freeze=5", "freeze=-1s", "freeze=5d", "freeze=1s freeze=2s",
        "remove=9999999h", "remove=99999999999999999999s", "thaw=1s", "freeze=1s  remove=2s"}) {
    EXPECT_NE(refusal("proa:idle", value, Errc::invalid).find("proa:idle"), std::string::npos);
  }
}

TEST(Settings, RefusesToRemoveBeforeFreezing) {
  EXPECT_NE(refusal("proa:idle", "freeze=1h remove=1m", Errc::invalid).find("before it freezes it"),
            std::string::npos);
}

TEST(Tags, HaveLambdasLimits) {
  Tags many;
  for (int i = 0; i < 50; ++i) many["k" + std::to_string(i)] = "v";
  EXPECT_TRUE(check_tags(many));
  many["one more"] = "v";
  EXPECT_EQ(check_tags(many).error().message(), "Number of tags exceeds resource tag limit.");
  EXPECT_TRUE(check_tags(Tags{{std::string(128, 'k'), std::string(256, 'v')}}));
  EXPECT_FALSE(check_tags(Tags{{std::string(129, 'k'), ""}}));
  EXPECT_FALSE(check_tags(Tags{{"", "v"}}));
  EXPECT_FALSE(check_tags(Tags{{"k", std::string(257, 'v')}}));
  EXPECT_TRUE(check_tags(Tags{{"größe", "a_.:/=+-@ b"}}));
  EXPECT_FALSE(check_tags(Tags{{"k", "a*b"}}));
  EXPECT_FALSE(check_tags(Tags{{"aws:cloudformation:stack", "v"}}));
}

TEST(Tags, CountCharactersAndNotBytes) {
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "ü";
  EXPECT_TRUE(check_tags(Tags{{umlauts, "v"}}));
}

}  // namespace
}  // namespace proa::model
